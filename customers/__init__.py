"""What each customer is worth: orders in, expected orders and projected value out.

What comes in: order lines as arrays (customer, shop day, net value in minor units). What goes out: repeat-purchase
statistics per customer, fitted models, and projected value per customer, always called a projection.
``experiments`` and ``service`` may import it; it imports nothing of ours.

- ``books``           what a shop wrote down: sales, refunds, costs, expenses
- ``orders``          order lines to frequency, recency, age and mean value
- ``landmarks``       up to when engagement is measured, and from when models with covariates look
- ``models``          when customers order and how much they spend
- ``priors``          what is believed of a shop before its orders are seen
- ``timing``          the models of timing by name, fitted the way forecasts use them
- ``season``          months in which everybody orders more, as a clock that runs faster then
- ``heuristics``      what a spreadsheet would forecast
- ``backtest``        forecasts of the shop's own past: the choice of a model, and by how much it misses
- ``predictions``     what to expect of each customer, with intervals
- ``totals``          what all of them together will order, with an interval
- ``lifetime_value``  both together, or the reason why the history does not carry it
"""
