"""A shop's books, and what they add up to.

What comes in: lines of sales, refunds and expenses (``entries``). What goes out: netted orders and sums of money, exact
in minor units. Everybody in ``customers`` may import this room; it imports ``orders`` and ``wording`` only.

- ``entries``       what a shop wrote down: sales, refunds, costs, expenses
- ``netting``       refunds against the sales that they take back: what is left are orders
- ``accounts``      profit and loss by week or month, and what each customer brought
- ``expenses``      what kind of expense a shop's own word means
- ``completeness``  what the records cover, so that a reader knows what they may lack
"""
