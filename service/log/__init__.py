"""What is remembered: items, users, events, exposures, experiments, imports and dead letters.

What comes in: decoded events, feeds as served, catalogue rows, experiment changes; all through one ``Writer``, which
commits many of them at once. What goes out: frames and arrays in bulk for training and analysis, and one user's recent
events for the next feed. The same code speaks to SQLite and PostgreSQL. SQLAlchemy is used here and nowhere else.
``api``, ``live``, ``jobs`` and ``cli`` may import it; it imports the event kinds of ``recommender`` and nothing above.
"""
