"""The document in words: each section of the report as blocks, whatever page they end up on.

What comes in: the document and a ``Speech``. What goes out: ``Section``s. Only the pages import it.

- ``overview``    the figures that a reader looks for first
- ``brought``     who brought most so far
- ``trade``       profit and loss by month
- ``cash``        money in and out by week, and ahead
- ``known``       what known customers are projected to order
- ``newcomers``   what a new customer may cost, and how many come back
- ``offers``      vouchers and stamp cards
- ``groups``      segments
- ``limits``      what the books can and cannot say
- ``order``       all of them, in reading order
"""
