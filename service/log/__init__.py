"""What is remembered: items, users, events, exposures, experiments, imports and dead letters.

What comes in: decoded events, feeds as served, catalogue rows, experiment changes; all through one ``Writer``, which
commits many of them at once. What goes out: frames and arrays in bulk for training and analysis, and one user's recent
events for the next feed. The same code speaks to SQLite and PostgreSQL. SQLAlchemy is used here and nowhere else.
Every room above may import it. Of ``recommender`` it imports the shapes that are stored and handed over: event kinds,
and the events, items and segments that a training takes; nothing else of ours.

Its shelves:

- opening    ``engines``, ``schema``, ``database``, ``home``, ``tables``, ``migrations``
- writing    ``writer``, ``groups``, ``inserts``; ``append`` (what storefronts send); ``bulk``, ``import_pieces``,
  ``event_columns``, ``imports`` (files); ``catalogue``, ``experiments``; ``names``, ``dictionaries``, ``counters``
- reading    ``history`` (one user, per request); ``pieces``, ``frames``, ``sales``, ``touches``, ``activity``,
  ``extracts`` (in bulk)
- people     ``people``, ``contacts``, ``suppressions``, ``merging``, ``disclosure``, ``erasure``; ``letters``,
  ``mentions`` (who is named in what was refused); ``wiping``, ``free_space`` (bytes that were deleted)
- keeping    ``backup``, ``dumps``, ``restoring``, ``retention``
"""
