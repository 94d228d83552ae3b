"""Estimates, intervals and tests of a difference between two groups.

What comes in: counts, moments and p-values. What goes out: estimates with their standard errors, intervals and
p-values. Nothing here knows of shops, arms or windows; ``experiments.analysis`` is the only importer inside the
project.
"""
