"""What is hot: the model, the catalogue, the running experiments, and the feed that brings them together.

What comes in: published model versions, the log's catalogue and experiments, one user's history per request. What goes
out: a feed whose exposure is committed. ``refresh`` keeps the three copies current; each is swapped whole, so a request
sees one state from its beginning to its end. Only ``api``, ``wiring`` and ``problems`` (for what a feed may refuse)
import this room.
"""
