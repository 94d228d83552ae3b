"""What the simulated shop sells and talks about: types of product, styles, brands, creators and phrases."""

from typing import NamedTuple


class ProductType(NamedTuple):
    """One shelf of the shop. Prices in whole rupiah; ``cycle_days`` is how long a piece lasts, None if not used up."""

    slug: str
    department: str
    noun: str
    size: str
    cheapest: int
    dearest: int
    cycle_days: float | None


PRODUCT_TYPES = (
    ProductType("cleanser", "skincare", "Cleanser", "100 ml", 35_000, 140_000, 42.0),
    ProductType("toner", "skincare", "Toner", "150 ml", 45_000, 180_000, 45.0),
    ProductType("serum", "skincare", "Serum", "30 ml", 79_000, 320_000, 40.0),
    ProductType("moisturiser", "skincare", "Moisturiser", "50 g", 59_000, 260_000, 45.0),
    ProductType("sunscreen", "skincare", "Sunscreen", "SPF 50, 50 ml", 55_000, 190_000, 30.0),
    ProductType("sheet-mask", "skincare", "Sheet Mask", "5 pieces", 39_000, 120_000, 21.0),
    ProductType("lip-tint", "make-up", "Lip Tint", "4 g", 49_000, 170_000, 75.0),
    ProductType("cushion", "make-up", "Cushion Foundation", "15 g", 99_000, 330_000, 60.0),
    ProductType("mascara", "make-up", "Mascara", "9 ml", 65_000, 210_000, 75.0),
    ProductType("brush-set", "make-up", "Brush Set", "8 pieces", 89_000, 390_000, None),
    ProductType("shampoo", "haircare", "Shampoo", "250 ml", 32_000, 150_000, 35.0),
    ProductType("conditioner", "haircare", "Conditioner", "200 ml", 36_000, 150_000, 40.0),
    ProductType("hair-oil", "haircare", "Hair Oil", "60 ml", 49_000, 200_000, 60.0),
    ProductType("body-wash", "bodycare", "Body Wash", "400 ml", 29_000, 110_000, 28.0),
    ProductType("body-lotion", "bodycare", "Body Lotion", "250 ml", 35_000, 150_000, 35.0),
    ProductType("body-scrub", "bodycare", "Body Scrub", "200 g", 39_000, 130_000, 45.0),
    ProductType("eau-de-parfum", "fragrance", "Eau de Parfum", "50 ml", 129_000, 690_000, 120.0),
    ProductType("body-mist", "fragrance", "Body Mist", "100 ml", 45_000, 160_000, 50.0),
    ProductType("candle", "home", "Scented Candle", "180 g", 69_000, 260_000, 35.0),
    ProductType("diffuser", "home", "Reed Diffuser", "120 ml", 89_000, 310_000, 60.0),
    ProductType("storage-basket", "home", "Storage Basket", "30 cm", 59_000, 240_000, None),
    ProductType("cushion-cover", "home", "Cushion Cover", "45 cm", 49_000, 180_000, None),
    ProductType("detergent", "laundry", "Laundry Detergent", "1 l", 28_000, 90_000, 28.0),
    ProductType("fabric-softener", "laundry", "Fabric Softener", "1 l", 25_000, 80_000, 30.0),
    ProductType("herbal-tea", "kitchen", "Herbal Tea", "20 bags", 25_000, 95_000, 18.0),
    ProductType("ground-coffee", "kitchen", "Ground Coffee", "250 g", 45_000, 160_000, 16.0),
    ProductType("mug", "kitchen", "Stoneware Mug", "350 ml", 39_000, 150_000, None),
)
"""Every type a product or a piece of content can be about."""

DEPARTMENTS = tuple(dict.fromkeys(type_.department for type_ in PRODUCT_TYPES))
"""The shop's departments, in the order of their shelves."""

NOTES_OF_STYLE = {
    "botanical": ("Green Tea", "Chamomile", "Lemongrass", "Aloe Vera", "Calendula", "Eucalyptus"),
    "clinical": ("Sensitive", "pH 5.5", "Derma Gentle", "Zero Fragrance", "Daily Repair", "Pro Care"),
    "luxe": ("Black Pearl", "Silk", "Golden Amber", "White Truffle", "Oud", "Velvet Rose"),
    "playful": ("Strawberry Milk", "Peach Fizz", "Bubble Gum", "Mango Pop", "Cotton Candy", "Yuzu Soda"),
    "minimal": ("Unscented", "Pure Linen", "Everyday", "Plain Oat", "Soft Cotton", "Bare Stone"),
    "heritage": ("Melati", "Cendana", "Jamu Ginger", "Kemuning", "Turmeric", "Pandan"),
}
"""Styles, each with the notes that its products are made around; every note suits every shelf, soap as well as mugs."""

STYLES = tuple(NOTES_OF_STYLE)
"""The styles in the order of the taste vectors."""

BRANDS = (
    "Embun Pagi",
    "Lumba",
    "Teras Rumah",
    "Kirana Lab",
    "Bumi & Co",
    "Anyelir",
    "Mahika",
    "Dua Musim",
    "Senja",
    "Roka",
    "Puspa Raya",
    "Halus",
)
"""Invented brands."""

CREATORS = (
    "ayu.tries",
    "bathroomshelf",
    "chem.kirana",
    "dapur.dinda",
    "eka.at.home",
    "fit.and.fresh",
    "gita.glows",
    "hana.minimal",
    "intan.unboxes",
    "jasmine.notes",
    "kos.makeover",
    "lia.laundry",
    "maya.mixes",
    "nadia.nose",
    "oma.remedies",
    "putri.palette",
    "rara.routine",
    "sinta.scents",
)
"""Invented creators of content."""

CONTENT_PHRASES = (
    "Morning routine with {note} {noun}",
    "{note} {noun}: two weeks later",
    "Is {brand}'s {noun} worth it?",
    "Three mistakes people make with {noun}",
    "Unboxing {brand} {note} {noun}",
    "{style} picks: my favourite {noun} this month",
    "How to make your {noun} last longer",
    "{noun} under a budget, {style} edition",
    "Get ready with me: {note} {noun}",
    "What nobody tells you about {note} {noun}",
    "Sunday reset with {brand} and a {style} mood",
    "Ranking five kinds of {noun}",
)
"""What content is titled; the slots are filled with the note, noun, brand and style it is about."""
