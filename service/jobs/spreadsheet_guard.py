"""The guard that keeps a spreadsheet from running a text as a formula; put on by exports, taken off by imports.

A spreadsheet takes a cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or a carriage return for a formula, and a
formula can send its neighbours to a stranger's server. One apostrophe before the text makes it text (OWASP, *CSV
injection*). A text that already has apostrophes before such a character gets one more, so that taking one off gives
back exactly what was guarded, whatever it was. Numbers and instants are not text and get no guard.
"""

import pandas as pd

_RUNS = r"^'*[=+\-@\t\r]"
_IS_GUARDED = r"^'('*[=+\-@\t\r])"


def guarded(texts: pd.Series) -> pd.Series:
    """The texts as a spreadsheet may be given them; missing ones stay missing."""
    return texts.mask(texts.str.contains(_RUNS, regex=True, na=False), "'" + texts)


def unguarded(texts: pd.Series) -> pd.Series:
    """The texts as they were before ``guarded``; what has no guard stays as it is, as do missing ones."""
    return texts.str.replace(_IS_GUARDED, r"\1", regex=True)
