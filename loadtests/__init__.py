"""Traffic as shops really send it, for Locust.

What comes in: the address of a service and the users it knows. What goes out: requests, and Locust's report. It speaks
HTTP only and imports nothing of ours; nobody imports it.
"""
