"""The id of an imported row: a hash of what it says and of how many equal rows came before it in the same file.

A file that has grown and is imported again thus adds only what is new, and two equal lines of one receipt stay two
sales. What a row says is taken by value, not by spelling: 2.5 is 2.50, and 1/12/2010 8:26 is 2010-12-01T08:26:00, so a
file saved again by a spreadsheet program keeps its ids. Title and country are left out: shops rename goods, people
move, and a sale of last year must not become a new one for that. So is the shop's time zone: the wall clock counts.

The price of reading by value: where a file's first rows leave open how it writes dates or numbers, what was assumed is
wrong, and only rows added later tell, the old rows are read anew and get new ids. ``Reading.notes`` warns of that case.
"""

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
import pandas as pd
from numpy.typing import NDArray

# Stands between the parts, so that "1", "23" is not "12", "3"; rows mistaken for equal would still get their own ids.
_BETWEEN = "\x1f"


def row_ids(parts: Sequence[NDArray[np.object_]]) -> list[str]:
    """An id per row, ``import-`` and 32 hexadecimal digits, all different.

    The only loop over rows of the import: hashing has no vectorised form; it costs about a microsecond a row.

    Args:
        parts: What the rows say: columns of text, each of shape ``(n_rows,)``, in a fixed order.
    """
    contents = list(map(_BETWEEN.join, zip(*parts, strict=True)))
    codes, _ = pd.factorize(np.array(contents, dtype=object))
    before = pd.Series(codes).groupby(codes, sort=False).cumcount().tolist()
    return [
        f"import-{blake2b(f'{content}{_BETWEEN}{n_before}'.encode(), digest_size=16).hexdigest()}"
        for content, n_before in zip(contents, before, strict=True)
    ]
