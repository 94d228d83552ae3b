"""A campaign without a website: who is written to and who is held out, and whether writing paid.

What comes in: the days on which customers ordered, before and in the campaign's window, and vouchers given and taken.
What goes out: lots drawn among alike customers, the smallest effect that a shop of this size can see, and a verdict.
The rooms, in the order a campaign walks through them:

- ``standing``  where each customer stands before the first day
- ``lots``      who is contacted and who is held out, drawn in blocks of alike customers
- ``foresight`` what the shop's own past says can be seen, before anything is sent
- ``vouchers``  what was promised, redeemed and is owed; what a voucher must lift to pay for itself
- ``reading``   the window's outcomes by arm, and the verdict; its sentences are in ``wording``

Days are days of the shop, counted from 1970-01-01; money is minor units of one currency. ``service`` imports it; it has
no clock and no chance of its own: today and the random generator are arguments.
"""
