"""Which column of a file holds which field: guessed from its headings, or said by the owner.

A heading is compared without case, spaces and punctuation, so ``Nomor_Nota`` is ``nomor nota``. Of several headings
that fit one field, the one named earlier in ``SYNONYMS`` is taken, and a column serves one field only: beside ``Qty``,
``Jumlah`` is the line's total; alone it is the quantity. Files of events and items have the field names of the JSON.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from service.jobs.importing.reading import ImportRefused, SheetKind

EVENT_FIELDS = (
    *("id", "kind", "user_id", "visitor_id", "item_id", "at", "sent_at", "feed_id", "order_id", "quantity", "amount"),
    *("cost", "fee", "currency", "seconds_watched", "seconds_total", "payload_hash"),
)
ITEM_FIELDS = (
    *("id", "kind", "title", "url", "image_url", "categories", "tags", "creator", "price", "currency", "available"),
    *("published_at", "attributes"),
)

SYNONYMS: Mapping[SheetKind, Mapping[str, str]] = MappingProxyType(
    {
        "sales": MappingProxyType(
            {
                "order_id": (
                    "order id, order number, order no, order, invoice no, invoice number, invoice id, invoice, "
                    "receipt no, receipt number, receipt, transaction id, transaction no, bill no, docket no, nomor "
                    "nota, no nota, nota, nomor pesanan, no pesanan, id pesanan, pesanan, nomor faktur, no faktur, "
                    "faktur, nomor invoice, nomor order, no order, nomor transaksi, no transaksi, id transaksi, kode "
                    "transaksi, nomor struk, no struk"
                ),
                "item": (
                    "item id, item code, item no, stock code, sku, lineitem sku, product id, product code, article "
                    "no, article number, barcode, ean, kode barang, kode produk, kode item, id barang, id produk, "
                    "nomor sku, sku induk, item"
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
                    "at, date time, timestamp, invoice date, order date, sale date, sold at, purchase date, "
                    "transaction date, created at, date, tanggal, tgl, tanggal pesanan, tanggal transaksi, tanggal "
                    "order, tanggal nota, tgl transaksi, tgl nota, waktu pesanan dibuat, waktu pesanan, waktu "
                    "transaksi, waktu"
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
                "cost": (
                    "line cost, total cost, cost total, cost of goods sold, cost of goods, cogs, cost, total modal, "
                    "total hpp, hpp total, modal, hpp"
                ),
                "unit_cost": (
                    "unit cost, cost per unit, cost per item, cost each, cost price, item cost, lineitem cost, "
                    "purchase price, modal satuan, modal per unit, hpp satuan, hpp per unit, harga pokok satuan, harga "
                    "pokok penjualan, harga pokok, harga modal, harga beli"
                ),
                "fee": (
                    "fee, fees, total fees, fee total, platform fee, marketplace fee, admin fee, transaction fee, "
                    "payment fee, commission, commission fee, total biaya, biaya admin, biaya administrasi, biaya "
                    "layanan, biaya platform, biaya transaksi, biaya komisi, komisi, potongan admin, ongkir subsidi, "
                    "subsidi ongkir, ongkir ditanggung penjual"
                ),
            }
        ),
        "expenses": MappingProxyType(
            {
                "id": "id",
                "at": (
                    "at, date time, timestamp, expense date, payment date, transaction date, invoice date, paid at, "
                    "date, tanggal, tgl, tanggal pengeluaran, tanggal bayar, tanggal transaksi, tgl transaksi, waktu"
                ),
                "category": (
                    "category, expense category, expense type, type, account, kategori, kategori pengeluaran, jenis, "
                    "jenis biaya, jenis pengeluaran, pos, pos biaya, akun"
                ),
                "description": (
                    "description, expense, expense description, expense name, details, detail, purpose, memo, notes, "
                    "note, keterangan, uraian, rincian, deskripsi, keperluan, pengeluaran, nama pengeluaran, nama "
                    "biaya, catatan"
                ),
                "payee": (
                    "payee, paid to, supplier, supplier name, vendor, vendor name, merchant, recipient, penerima, "
                    "dibayar kepada, dibayarkan kepada, pemasok, nama supplier, nama pemasok, nama toko, toko"
                ),
                "amount": (
                    "amount, expense amount, total amount, amount paid, cost, total cost, total, sum, value, nominal, "
                    "jumlah, jumlah pengeluaran, total pengeluaran, jumlah biaya, total biaya, biaya, nilai, harga, "
                    "total harga, debit, debet, keluar"
                ),
                "currency": "currency, currency code, mata uang",
            }
        ),
        "events": MappingProxyType({name: name.replace("_", " ") for name in EVENT_FIELDS}),
        "items": MappingProxyType({name: name.replace("_", " ") for name in ITEM_FIELDS}),
    }
)
"""Headings by field, separated by commas, the likelier first; by kind of file."""

_ONE_COLUMN = "That is one column: put a comma, semicolon, tab or | between the cells, and headings above them"
NEEDED: Mapping[SheetKind, Sequence[tuple[Sequence[str], str]]] = MappingProxyType(
    {
        "sales": (
            (("item", "title"), "what was sold: an item's code or its title"),
            (("at",), "the date of the sale"),
            (("price", "total"), "the money: a unit price or the line's total"),
        ),
        "expenses": (
            (("at",), "the date of the expense"),
            (("amount",), "the money"),
            (("description", "category", "payee"), "what the money was for: a description, category or payee"),
        ),
        "events": (
            (("id",), "the event's id"),
            (("kind",), "the kind of event"),
            (("user_id", "visitor_id"), "who acted"),
            (("item_id",), "the item"),
            (("at",), "the instant of the event"),
        ),
        "items": (
            (("id",), "the item's id"),
            (("kind",), "the kind of item: product or content"),
            (("title",), "the item's title"),
        ),
    }
)
"""Fields of which a file must have one, with their meaning; by kind of file."""

NEEDED_OF_ORDERS: Sequence[tuple[Sequence[str], str]] = (
    (("user",), "the customer"),
    (("at",), "the date of the sale"),
)
"""What suffices where sales are not stored but only say who bought when."""


def plain_heading(heading: str) -> str:
    """The heading without what is not compared."""
    return "".join(letter for letter in heading.casefold() if letter.isalnum())


KNOWN_HEADINGS = frozenset(
    plain_heading(name) for fields in SYNONYMS.values() for names in fields.values() for name in names.split(",")
)
"""Every heading that some kind of file is known to have, as ``plain_heading`` gives it."""


def guessed_columns(headings: Sequence[str], *, kind: SheetKind, taken: Mapping[str, int]) -> dict[str, int]:
    """Column number by field of this kind of file, guessed from the headings.

    Args:
        headings: The file's own headings.
        kind: What the file holds.
        taken: Columns that are decided, by field, -1 for a field that the file is said not to have.
    """
    plain = [plain_heading(heading) for heading in headings]
    found = {field: place for field, place in taken.items() if place >= 0}
    for field, names in SYNONYMS[kind].items():
        if field in taken:
            continue
        places = [plain.index(key) for key in map(plain_heading, names.split(",")) if key in plain]
        place = next((place for place in places if place not in found.values()), None)
        if place is not None:
            found[field] = place
    return {field: found[field] for field in SYNONYMS[kind] if field in found}


def is_complete(columns: Mapping[str, int], needed: Sequence[tuple[Sequence[str], str]]) -> bool:
    """Whether these fields are all that are needed."""
    return all(any(field in columns for field in fields) for fields, _ in needed)


def recognised_columns(
    headings: Sequence[str],
    mapping: Mapping[str, str],
    *,
    kind: SheetKind,
    file: str,
    needed: Sequence[tuple[Sequence[str], str]] | None = None,
) -> dict[str, int]:
    """Column number by field, for each field of this kind of file found in the headings.

    Args:
        headings: The file's own headings.
        mapping: What the owner said: heading by field. It goes before every guess; an empty heading leaves
            the field out.
        kind: What the file holds.
        file: The file's name, for the messages.
        needed: Fields of which it must have one; those of ``NEEDED`` where not given.

    Raises:
        ImportRefused: If ``mapping`` names an unknown field or heading or one column twice, or a needed field has no
            column.
    """
    said: dict[str, int] = {}
    for field, heading in mapping.items():
        if field not in SYNONYMS[kind]:
            known = ", ".join(SYNONYMS[kind])
            raise ImportRefused(
                f"--map {field}={heading}: {kind} have no field {field!r}; their fields are {known}. "
                "If the file holds something else, say so with --as sales, expenses, events or items"
            )
        place = _place(heading, headings, field=field, file=file) if heading else -1
        other = next((name for name, taken in said.items() if place == taken >= 0), None)
        if other is not None:
            raise ImportRefused(
                f"--map {field}={heading}: {file} has one column {headings[place]!r}, and --map gives it to {other!r} "
                "already: a column serves one field"
            )
        said[field] = place
    columns = guessed_columns(headings, kind=kind, taken=said)
    for fields, meaning in NEEDED[kind] if needed is None else needed:
        if not any(field in columns for field in fields):
            raise ImportRefused(
                f"{file} has no column for {meaning}. Found: {_listed(headings)}. "
                + (f"Say which one it is with --map {fields[0]}=COLUMN" if len(headings) > 1 else _ONE_COLUMN)
            )
    return columns


def _place(heading: str, headings: Sequence[str], *, field: str, file: str) -> int:
    """The one column with this heading: to the letter, else without regard to case and punctuation."""
    places = [place for place, own in enumerate(headings) if own == heading]
    places = places or [place for place, own in enumerate(headings) if plain_heading(own) == plain_heading(heading)]
    if not places:
        raise ImportRefused(f"--map {field}={heading}: {file} has no column {heading!r}. Found: {_listed(headings)}")
    if len(places) > 1:
        raise ImportRefused(
            f"--map {field}={heading}: {file} has {len(places)} columns of that name: give each a name of its own"
        )
    return places[0]


def _listed(headings: Sequence[str]) -> str:
    return ", ".join(repr(heading) for heading in headings)
