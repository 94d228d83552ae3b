"""The sources of a ranking: interactions in, arrays out, and from them one score per item for a user's history.

Every source keeps `recommender.models.base.Source`. Only `recommender` imports this package.
"""
