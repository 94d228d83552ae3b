"""Reading a shop's file into rows that the log can store; nothing here touches the database.

What comes in: a path, the shop's currency and time zone, and the columns the owner named (``--map``). What goes out
(``sheets.read_sheet``): events or expenses, the catalogue and the customers they speak of, the refused rows with their
reasons, and how the file was understood. ``service.jobs`` and ``service.cli`` may import it. The rooms, in the order a
file walks:

- ``tables``        bytes to cells: compression and format; what is no table is refused whole. ``text_tables``,
                    ``workbooks`` and ``records`` read one format each, ``layout`` finds the headings, ``cells`` are
                    columns cut down to their distinct texts
- ``kinds``         sales, expenses, events or items, told by the headings
- ``columns``       which column holds which field, guessed from English and Indonesian headings or said by the owner
- ``blocks``        totals, repeated headings, and orders written once above their lines
- ``numbers``       written numbers to exact decimals, in whichever style the file writes them
- ``dates``         written dates to instants, in the shop's time zone
- ``money``         exact amounts in minor units of a currency
- ``lines``         cells to typed columns, nothing decided yet
- ``customer_ids``  one customer, however her phone number is spelt
- ``day_orders``    orders of files without order numbers
- ``row_ids``       the id of an imported row
- ``catalogue``     the distinct items and customers of sales, and which items are services
- ``sales``, ``expenses``, ``sent_events``, ``catalogue_items``
                    the rules of each kind of file: what a row is, and why it is refused
- ``sale_rules``    what a line of sale comes to, its rule, and why it is refused
- ``orders``        who bought when, of sheets that are looked at and not stored
- ``refusals``      refused rows, as their owner gets them back
- ``understanding`` how the file was understood, in words
- ``sheets``        the entrance; ``reading`` what it gives: ``Sheet``, ``Reading``, ``ImportRefused``
"""
