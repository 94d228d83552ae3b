"""What each customer is worth: orders in, expected orders and projected value out.

What comes in: order lines as arrays (customer, shop day, net value in minor units). What goes out: repeat-purchase
statistics per customer, fitted models, and projected value per customer, always called a projection.
``experiments`` and ``service`` may import it; it imports nothing of ours.

The rooms, in the order of the data:

- ``books``        what a shop wrote down: entries, refunds netted, profit and loss, how complete it is
- ``orders``       order lines to frequency, recency, age and mean value; ``tallies`` keeps them up to date
- ``models``       when customers order and how much they spend
- ``forecasts``    a model chosen by the shop's own past, and what it expects of each customer and of all together
- ``rfm``          recency, frequency and value scored, and the segments that marketing calls by name
- ``silence``      how long customers have been silent, and how often such customers came back
- ``segments``     segments by silence and probability, each customer with a reason in words
- ``audiences``    lists of a segment for advertising and messaging tools
- ``activity``     what customers did beside ordering, summed up to ``landmarks``
- ``engagement``   how that goes with later orders, customer by customer; ``content`` item by item, both by ``rates``
- ``valuation``    what each customer is worth, all of the above together
- ``snapshots``    what customers were worth at one moment, kept on disk
- ``report``       the shop report: one document of figures, and pages made of it
- ``published``    numbers that others published, beside computed ones
- ``wording``      English and Indonesian
"""
