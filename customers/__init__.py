"""What each customer is worth: orders in, expected orders and projected value out.

What comes in: order lines as arrays (customer, shop day, net value in minor units). What goes out: repeat-purchase
statistics per customer, fitted models, and projected value per customer, always called a projection.
``experiments`` and ``service`` may import it; it imports nothing of ours.

- ``books``           what a shop wrote down: sales, refunds, costs, expenses
- ``netting``         refunds against the sales that they take back: what is left are orders
- ``accounts``        profit and loss by week or month, and what each customer brought
- ``completeness``    what the records cover, so that a reader knows what they may lack
- ``orders``          order lines to frequency, recency, age and mean value
- ``tallies``         the same, kept up to date order by order
- ``landmarks``       up to when engagement is measured, and from when models with covariates look
- ``models``          when customers order and how much they spend
- ``published``       numbers that others published, beside computed ones
- ``priors``          what is believed of a shop before its orders are seen
- ``timing``          the models of timing by name, fitted the way forecasts use them
- ``season``          months in which everybody orders more, as a clock that runs faster then
- ``heuristics``      what a spreadsheet would forecast
- ``chances``         the chance of an order, as the shop's own past corrects a model's
- ``trade``           how far trade itself moves totals, by other shops and the shop's own misses
- ``backtest``        forecasts of the shop's own past: the choice of a model, and by how much it misses
- ``predictions``     what to expect of each customer, with intervals
- ``totals``          what all of them together will order, with an interval
- ``lifetime_value``  both together, or the reason why the history does not carry it
- ``rfm``             recency, frequency and value scored, and the segments that marketing calls by name
- ``silence``         how long customers have been silent, and how often such customers came back
- ``segments``        segments by silence and probability, each customer with a reason in words
- ``audiences``       lists of a segment for advertising and messaging tools
- ``activity``        what customers did beside ordering, summed up to a landmark
- ``engagement``      how watching and liking go with later orders, customer by customer
- ``content``         the same, item by item
- ``wording``         English and Indonesian
- ``valuation``       what each customer is worth, all of the above together
- ``snapshots``       what customers were worth at one moment, kept on disk
- ``report``          the shop report: one document of figures, and pages made of it
"""
