"""What to show: users' events in, ranked feeds and artifacts out.

Comes in: columns of events with integer ids (`recommender.events`), the catalogue's ids and kinds, the users'
segments. Goes out: a fitted `recommender.model.Model`, feeds of items each with its source and reason
(`recommender.feed`), offline scores (`recommender.evaluation`) and artifacts on disk (`recommender.artifact`).

Knows neither HTTP nor SQL nor strings for ids. `service` imports it; it imports no other room of this house.
"""
