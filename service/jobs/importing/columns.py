"""Which column of a file holds which field of a sale: guessed from its headings, or said by the owner.

A heading is compared without case, spaces and punctuation, so ``Nomor_Nota`` is ``nomor nota``. Of several headings
that fit one field, the one named earlier in ``SYNONYMS`` is taken, and a column serves one field only: beside ``Qty``,
``Jumlah`` is the line's total; alone it is the quantity.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from service.jobs.importing.tables import ImportRefused

SYNONYMS: Mapping[str, str] = MappingProxyType(
    {
        "order_id": (
            "order id, order number, order no, order, invoice no, invoice number, invoice id, invoice, receipt "
            "no, receipt number, receipt, transaction id, transaction no, bill no, docket no, nomor nota, no "
            "nota, nota, nomor pesanan, no pesanan, id pesanan, pesanan, nomor faktur, no faktur, faktur, nomor "
            "invoice, nomor order, no order, nomor transaksi, no transaksi, id transaksi, kode transaksi, nomor "
            "struk, no struk"
        ),
        "item": (
            "item id, item code, item no, stock code, sku, lineitem sku, product id, product code, article no, "
            "article number, barcode, ean, kode barang, kode produk, kode item, id barang, id produk, nomor sku, "
            "sku induk, item"
        ),
        "title": (
            "title, product title, product name, item name, item title, lineitem name, description, product "
            "description, item description, product, article, nama barang, nama produk, nama item, nama menu, "
            "deskripsi, keterangan barang, barang, produk, menu"
        ),
        "quantity": (
            "quantity, qty, lineitem quantity, units, units sold, pieces, pcs, count, kuantitas, banyaknya, "
            "banyak, jumlah barang, jumlah produk, jumlah beli, jml barang, jml, jumlah"
        ),
        "at": (
            "at, date time, timestamp, invoice date, order date, sale date, sold at, purchase date, transaction "
            "date, created at, date, tanggal, tgl, tanggal pesanan, tanggal transaksi, tanggal order, tanggal "
            "nota, tgl transaksi, tgl nota, waktu pesanan dibuat, waktu pesanan, waktu transaksi, waktu"
        ),
        "price": (
            "unit price, price per unit, price each, lineitem price, item price, selling price, price, harga "
            "satuan, harga jual, harga per unit, harga barang, harga produk, harga"
        ),
        "total": (
            "line total, total line, total price, line amount, amount, sales amount, total amount, subtotal, "
            "total, sales, revenue, dollar value, total harga, harga total, jumlah harga, total bayar, total "
            "penjualan, total belanja, nominal, nilai, omzet, jumlah"
        ),
        "currency": "currency, currency code, mata uang",
        "user": (
            "user id, user, customer id, customer no, customer number, customer code, customer, client id, "
            "client, buyer id, buyer, member id, member no, email, customer email, phone, phone number, id "
            "pelanggan, kode pelanggan, nomor pelanggan, no pelanggan, pelanggan, nama pelanggan, username "
            "pembeli, pembeli, nama pembeli, id member, member, konsumen, no hp, nomor hp, no telepon, nomor "
            "telepon, no wa, nomor wa, whatsapp, customer name, buyer name"
        ),
        "country": "country, country code, shipping country, billing country, negara",
    }
)
"""Headings by field, separated by commas, the likelier first."""

_ONE_COLUMN = "That is one column: put a comma, semicolon, tab or | between the cells, and headings above them"
_NEEDED = (
    (("item", "title"), "what was sold: an item's code or its title"),
    (("at",), "the date of the sale"),
    (("price", "total"), "the money: a unit price or the line's total"),
)


def recognised_columns(headings: Sequence[str], mapping: Mapping[str, str], *, file: str) -> dict[str, int]:
    """Column number by field, for each field found in the headings.

    Args:
        headings: The file's own headings.
        mapping: What the owner said: heading by field. It goes before every guess; an empty heading leaves
            the field out.
        file: The file's name, for the messages.

    Raises:
        ImportRefused: If ``mapping`` names an unknown field or heading, or a needed field has no column.
    """
    found: dict[str, int] = {}
    for field, heading in mapping.items():
        if field not in SYNONYMS:
            known = ", ".join(SYNONYMS)
            raise ImportRefused(f"--map {field}={heading}: there is no field {field!r}; the fields are {known}")
        if heading:
            found[field] = _place(heading, headings, field=field, file=file)
    plain = [_plain(heading) for heading in headings]
    for field, names in SYNONYMS.items():
        if field in mapping:
            continue
        places = [plain.index(key) for key in map(_plain, names.split(",")) if key in plain]
        place = next((place for place in places if place not in found.values()), None)
        if place is not None:
            found[field] = place
    for fields, meaning in _NEEDED:
        if not any(field in found for field in fields):
            raise ImportRefused(
                f"{file} has no column for {meaning}. Found: {_listed(headings)}. "
                + (f"Say which one it is with --map {fields[0]}=COLUMN" if len(headings) > 1 else _ONE_COLUMN)
            )
    return {field: found[field] for field in SYNONYMS if field in found}


def _place(heading: str, headings: Sequence[str], *, field: str, file: str) -> int:
    """The one column with this heading: to the letter, else without regard to case and punctuation."""
    places = [place for place, own in enumerate(headings) if own == heading]
    places = places or [place for place, own in enumerate(headings) if _plain(own) == _plain(heading)]
    if not places:
        raise ImportRefused(f"--map {field}={heading}: {file} has no column {heading!r}. Found: {_listed(headings)}")
    if len(places) > 1:
        raise ImportRefused(
            f"--map {field}={heading}: {file} has {len(places)} columns of that name: give each a name of its own"
        )
    return places[0]


def _plain(heading: str) -> str:
    return "".join(letter for letter in heading.casefold() if letter.isalnum())


def _listed(headings: Sequence[str]) -> str:
    return ", ".join(repr(heading) for heading in headings)
