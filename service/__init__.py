"""The running shop window, in which the three libraries meet.

What comes in: HTTP requests from storefronts, sales files, commands. What goes out: feeds, experiment results, metrics,
and a log of everything shown and done. The rooms, in the order the data walks through them:

- ``api``   what arrives over HTTP; decides nothing
- ``log``   what is remembered: items, events, exposures, experiments; SQLite and PostgreSQL
- ``live``  what is hot: the model, what each user just did, the feed
- ``jobs``  what runs beside: importing, training, evaluating, analysing
- ``cli``   the ``kembang`` command
- ``demo``  the simulated shop and the customers who act in it

Nobody imports this package; ``wiring`` is the only place where its objects are made.
"""
