"""Estimates, intervals and tests of a difference between two groups.

What comes in: values, counts and p-values. What goes out: estimates with their standard errors, intervals and
p-values. Nothing here knows of shops, orders or windows. The other modules of ``experiments`` import it, nobody else.
"""
