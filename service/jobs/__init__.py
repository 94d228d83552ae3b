"""What runs beside the shop window: importing sales, training, evaluating, and an experiment's life and reading.

What comes in: the log (and a models folder) as arguments. What goes out: plain values, and rows or model versions.
``cli``, ``api`` and ``demo`` may import this room.
"""
