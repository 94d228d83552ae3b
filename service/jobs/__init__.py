"""What runs beside the shop window: files in and out, models, an experiment's life and reading, people's rights.

What comes in: the log (and a models folder) as arguments. What goes out: plain values, and rows, files or model
versions. ``cli``, ``api`` and ``demo`` may import this room.

- imports       ``importing`` (a file into rows, nothing stored), ``sheet_pieces``, ``storing``, ``accounts``,
  ``refused_rows``, ``undoing``
- exports       ``exporting``, ``export_files``; ``spreadsheet_guard``, which imports take off again
- models        ``training``, ``evaluating``
- measuring     ``experimenting``, ``analysing``; ``attributing``, ``attribution_rows``
- customers     ``bookkeeping``, ``fitting``, ``valuing``, ``value_tables``; ``engagement``, ``audiences``,
  ``subscriptions``; ``campaigns``
- people        ``merging``, ``erasing``
- keeping       ``pruning``
"""
