"""Models of when customers order, how much they spend, and how long they stay.

What comes in: histories (``Histories``: frequency, recency, age, in weeks). What goes out: fitted models that say what
to expect of each customer. Within ``customers``, anybody may import them; they import nothing else of it.

- ``histories``       what a model knows of each customer, and what every model of timing promises
- ``maximum``         where a likelihood (or, with a weak prior, a posterior) is largest, and what is known there
- ``bgnbd``           BG/NBD and MBG/NBD: customers leave right after an order, if they leave
- ``pareto_nbd``      Pareto/NBD: customers leave at any moment, silently
- ``departures``      the integral over that moment
- ``subscriptions``   how long subscribers stay, by paid period: the shifted beta-geometric
- ``hypergeometric``  Gauss' function where scipy's gives up
- ``covariates``      what customers are and do beside ordering, in any of the three
- ``covariate_fit``   where their likelihood is largest
- ``residual``        their orders from now on for ever, discounted
- ``gamma_gamma``     how much they spend per order
"""
