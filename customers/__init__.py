"""What each customer is worth: orders in, expected orders and projected value out.

What comes in: order lines as arrays (customer, shop day, net value in minor units). What goes out: repeat-purchase
statistics per customer, fitted models, and projected value per customer, always called a projection.
``experiments`` and ``service`` may import it; it imports nothing of ours.

- ``books``           what a shop wrote down: sales, refunds, costs, expenses
- ``orders``          order lines to frequency, recency, age and mean value
- ``landmarks``       up to when engagement is measured, and from when models with covariates look
- ``models``          when customers order and how much they spend
- ``lifetime_value``  both together, or the reason why the history does not carry it
"""
