"""Numbers that others published, beside what this library computes: the reason to believe it.

- ``numbers``      what was published, each with its source and how many of its digits are to hold
- ``comparisons``  the same, computed
- ``cdnow``        the CDNOW sample, which most of them are about; no part of the library, but easily found

``kembang selftest`` prints them, and the tests hold them.
"""
