"""Reading a shop's sales file into rows that the log can store; nothing here touches the database.

What comes in: a path, the shop's currency and time zone, and the columns the owner named (``--map``). What goes out
(``sales.read_sales``): events, the catalogue and the customers they speak of, the refused rows with their reasons, and
how the file was understood. ``service.jobs`` and ``service.cli`` may import it. The rooms, in the order a file walks:

- ``tables``    bytes to cells: compression, encoding, delimiter; what is no table is refused whole
- ``columns``   which column holds which field, guessed from English and Indonesian headings or said by the owner
- ``numbers``   written numbers to exact decimals, in whichever style the file writes them
- ``dates``     written dates to instants, in the shop's time zone
- ``money``     exact amounts in minor units of a currency
- ``lines``     cells to typed lines of sale, nothing decided yet
- ``row_ids``   the id of an imported row
- ``catalogue`` the distinct items and customers, and which items are services
- ``sales``     the rules: what each line is, what is refused, and what it is counted as

The one entrance::

    read_sales(path: Path, *, mapping: Mapping[str, str], currency: str, timezone: str, now: int,
               on_progress: Callable[[str], None]) -> Sales

    Sales.events     DataFrame: id, kind, user, item, at, order_id, quantity, amount_minor, currency, anonymous, rule,
                     counted_as, row_number
    Sales.items      DataFrame: item, title, price_minor, currency, is_service, first_at
    Sales.users      DataFrame: user, country
    Sales.refused    DataFrame: row_number, reason, detail, row
    Sales.rows_read  len(events) + len(refused)
    Sales.reading    Reading: mapping, encoding, delimiter, date_order, decimal_mark, notes

``tables.ImportRefused`` is raised for a file that can't be read as sales at all, before anything is stored.
"""
