"""What to expect, by the model that did best in the shop's own past.

What comes in: order days and their statistics. What goes out: expectations with intervals, of each customer and of all
together. ``valuation``, ``report``, ``experiments`` and ``service`` may import this room; it imports ``orders`` and
``models`` and no other room.

- ``priors``          what is believed of a shop before its orders are seen
- ``timing``          the models of timing by name, fitted the way forecasts use them
- ``season``          months in which everybody orders more, as a clock that runs faster then
- ``heuristics``      what a spreadsheet would forecast
- ``backtest``        forecasts of the past: the choice of a model, and by how much it misses
- ``chances``         the chance of an order, as the shop's own past corrects a model's
- ``trade``           how far trade itself moves totals, by other shops and the shop's own misses
- ``lifetime_value``  when and how much together, or the reason why the history does not carry it
- ``lookalikes``      customers alike to a model, so that what is costly is found once for all of them
- ``predictions``     what to expect of each customer, with intervals
- ``totals``          what all of them together will order, with an interval
"""
