"""Campaigns without a website, between a shop's records and the log.

``service.cli`` and ``service.api`` may import it. The rooms, in the order a campaign walks through them:

- ``records``   order days of customers, from a sheet or from the log; one customer however she is spelt
- ``codes``     of cards, drawn so that nobody can guess them
- ``planning``  lots drawn and kept, with what can be seen
- ``audience``  who is to be written to, as a list and as cards to print: personal data
- ``cards``     vouchers and stamps: stamped, redeemed, owed
- ``reading``   the verdict, once the window has passed
"""
