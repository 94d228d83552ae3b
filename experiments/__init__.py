"""Whether it paid: a randomised comparison, from its design to its verdict.

What comes in: an experiment's design, who was first shown what and when, and the shop's order lines.
What goes out: the arm of each unit, one row of outcomes per unit, and results with a verdict in plain words.
The rooms, in the order an experiment walks through them:

- ``design``      what is compared, on whom, by which outcome and in which window
- ``assignment``  which arm a unit falls in; pure
- ``outcomes``    exposures and order lines in, one row per unit out
- ``projection``  what a model, frozen before the start, expects after the window
- ``statistics``  estimates, intervals, tests; they know nothing of shops
- ``analysis``    balance first, then outcomes, then the verdict
- ``evidence``    what a verdict rests on
- ``verdict``     what may be said today; its sentences are in ``wording``
- ``campaigns``   the same for a shop without a website: lots drawn from its sales sheet, read from the next one
- ``calibration`` how often all this raises a false alarm

It may import ``customers`` (lifetime value is an outcome); only ``service`` imports it. It knows neither HTTP nor SQL,
and has no clock: every instant is an argument.
"""
