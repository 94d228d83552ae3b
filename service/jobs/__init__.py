"""What runs beside the shop window: importing sales, training, evaluating and analysing.

Each job takes the log (and a models folder) as arguments and returns plain values; ``cli`` and ``api`` call them.
"""
