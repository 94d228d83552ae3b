"""What the simulated shop offers, as arrays: the part of an item that customers react to, and the part they read."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from service.demo.wording import BRANDS, CONTENT_PHRASES, CREATORS, NOTES_OF_STYLE, PRODUCT_TYPES, STYLES

CURRENCY = "IDR"
"""The simulated shop sells in rupiah, which ISO 4217 gives two decimals: prices are in hundredths of a rupiah."""
MINOR_PER_MAJOR = 100
"""Minor units in one rupiah."""
_PRICE_STEP = 500
"""Rupiah; the coin prices are rounded to."""
_SHARE_OF_NEW_ITEMS = 0.2
"""Part of the assortment that came out while the shop was open; the rest was there from the first day."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Assortment:
    """All items, products first and then content; equally long columns, one row per item."""

    item_ids: npt.NDArray[np.object_]
    """The shop's own ids, readable: ``serum-012``, ``video-045``."""
    titles: npt.NDArray[np.object_]
    """What a customer reads."""
    is_content: npt.NDArray[np.bool_]
    """Whether the item is content; otherwise it is a product."""
    types: npt.NDArray[np.int64]
    """Position in ``PRODUCT_TYPES``: what the item is or is about."""
    style_weights: npt.NDArray[np.float64]
    """How much the item is of each style, shape ``(n_items, n_styles)``, rows sum to 1."""
    creators: npt.NDArray[np.object_]
    """Who made the content; None for products."""
    popularity: npt.NDArray[np.float64]
    """How many times the typical item's attention it draws, whatever the taste; positive and skewed."""
    prices_minor: npt.NDArray[np.int64]
    """Price in hundredths of a rupiah; 0 for content, which is not sold."""
    cycle_days: npt.NDArray[np.float64]
    """How long one piece lasts; NaN for content and for products that are not used up."""
    lengths_seconds: npt.NDArray[np.float64]
    """Length of the content; NaN for products."""
    published_at_us: npt.NDArray[np.int64]
    """When the item came out, microseconds UTC."""

    def __len__(self) -> int:
        return len(self.item_ids)


def assorted(
    n_products: int, n_content: int, *, opened_at_us: int, until_us: int, rng: np.random.Generator
) -> Assortment:
    """An assortment of ``n_products`` products and ``n_content`` pieces of content.

    Products are dealt evenly over ``PRODUCT_TYPES``; popularity is log-normal within each kind, so that a few items
    draw most of the attention. One item in five came out between ``opened_at_us`` and ``until_us``.
    """
    n_items = n_products + n_content
    is_content = np.arange(n_items) >= n_products
    types = np.concatenate(
        [np.arange(n_products) % len(PRODUCT_TYPES), rng.integers(len(PRODUCT_TYPES), size=n_content)]
    )
    main_style = rng.integers(len(STYLES), size=n_items)
    second_style = (main_style + rng.integers(1, len(STYLES), size=n_items)) % len(STYLES)
    style_weights = np.zeros((n_items, len(STYLES)))
    style_weights[np.arange(n_items), main_style] = 0.75
    style_weights[np.arange(n_items), second_style] = 0.25
    cycles = np.array([type_.cycle_days or np.nan for type_ in PRODUCT_TYPES])[types]
    is_new = rng.random(n_items) < _SHARE_OF_NEW_ITEMS
    creators = np.array(CREATORS, dtype=object)[rng.integers(len(CREATORS), size=n_items)]
    creators[~is_content] = None
    return Assortment(
        item_ids=_item_ids(types, is_content),
        titles=_titles(types, main_style, is_content, rng),
        is_content=is_content,
        types=types,
        style_weights=style_weights,
        creators=creators,
        popularity=rng.lognormal(0.0, 1.0, n_items),
        prices_minor=np.where(is_content, 0, _prices_minor(types, rng)),
        cycle_days=np.where(is_content, np.nan, cycles * rng.lognormal(0.0, 0.15, n_items)),
        lengths_seconds=np.where(is_content, np.round(rng.lognormal(np.log(45.0), 0.5, n_items)).clip(10, 240), np.nan),
        published_at_us=np.where(is_new, rng.integers(opened_at_us, until_us, n_items), opened_at_us),
    )


def _item_ids(types: npt.NDArray[np.int64], is_content: npt.NDArray[np.bool_]) -> npt.NDArray[np.object_]:
    """Ids made of the shelf's name and a number that counts along the shelf."""
    taken = [0] * (len(PRODUCT_TYPES) + 1)
    ids: list[str] = []
    for type_, content in zip(types.tolist(), is_content.tolist(), strict=True):
        shelf = len(PRODUCT_TYPES) if content else type_
        taken[shelf] += 1
        ids.append(f"{'video' if content else PRODUCT_TYPES[type_].slug}-{taken[shelf]:03d}")
    return np.array(ids, dtype=object)


def _titles(
    types: npt.NDArray[np.int64],
    styles: npt.NDArray[np.int64],
    is_content: npt.NDArray[np.bool_],
    rng: np.random.Generator,
) -> npt.NDArray[np.object_]:
    """A title per item; items with the same words are told apart by a number, as editions are."""
    n_items = len(types)
    notes = rng.integers(min(len(notes) for notes in NOTES_OF_STYLE.values()), size=n_items)
    brands = rng.integers(len(BRANDS), size=n_items)
    phrases = rng.integers(len(CONTENT_PHRASES), size=n_items)
    used: dict[str, int] = {}
    titles: list[str] = []
    for row in range(n_items):
        type_, style = PRODUCT_TYPES[types[row]], STYLES[styles[row]]
        note, brand = NOTES_OF_STYLE[style][notes[row]], BRANDS[brands[row]]
        if is_content[row]:
            title = CONTENT_PHRASES[phrases[row]].format(note=note, noun=type_.noun.lower(), brand=brand, style=style)
            title = title[0].upper() + title[1:]
        else:
            title = f"{brand} {note} {type_.noun} {type_.size}"
        used[title] = used.get(title, 0) + 1
        titles.append(title if used[title] == 1 else f"{title}, no. {used[title]}")
    return np.array(titles, dtype=object)


def _prices_minor(types: npt.NDArray[np.int64], rng: np.random.Generator) -> npt.NDArray[np.int64]:
    cheapest = np.array([type_.cheapest for type_ in PRODUCT_TYPES])[types]
    dearest = np.array([type_.dearest for type_ in PRODUCT_TYPES])[types]
    # Squared, since most products of a shelf stand near its cheap end.
    rupiah = cheapest + (dearest - cheapest) * rng.random(len(types)) ** 2
    return np.asarray(np.round(rupiah / _PRICE_STEP) * _PRICE_STEP * MINOR_PER_MAJOR, dtype=np.int64)
