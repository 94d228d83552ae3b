"""The simulated shop, and the customers who act in it.

What comes in: a seed and a few sizes; for acting also the address of a running service. What goes out: catalogue, users
and history as frames that the log stores in bulk, and an experiment's reading beside the truth it should have found.

Everything but ``player`` is pure: arrays in, arrays out, seeded generators. Customers have tastes that are known here
and nowhere else; the service never sees them. ``cli`` may import this package, which knows the service only by HTTP.
A simulation checks the instrument; it says nothing about a shop's customers.
"""
