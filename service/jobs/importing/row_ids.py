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
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from service.jobs.importing.cells import Texts

# Stands between the parts, so that "1", "23" is not "12", "3"; rows mistaken for equal would still get their own ids.
_BETWEEN = b"\x1f"
_PREFIX = b"import-"
_HASH_BYTES = 16
_PIECE_ROWS = 50_000


class RowIds(NamedTuple):
    """What names each row; the same hash, in letters and as it is."""

    ids: pd.Series
    """``import-`` and 32 hexadecimal digits, all different; of dtype ``str``."""
    hashes: pd.Series
    """The 16 bytes, of an Arrow dtype. An id that is a hash of the content always means the same payload."""


def row_ids(parts: Sequence[Texts]) -> RowIds:
    """The id of each row.

    A loop over the rows: hashing has no vectorised form; it costs about a microsecond a row. It goes in pieces, so that
    only some of the rows are whole texts at any time.

    Args:
        parts: What the rows say, columns in a fixed order.
    """
    before = _equal_rows_before(parts)
    encoded = [_encoded(part.distinct) for part in parts]
    pieces = [np.arange(start, min(start + _PIECE_ROWS, len(before))) for start in range(0, len(before), _PIECE_ROWS)]
    digests = b"".join(
        _digests([(part.take(rows), texts) for part, texts in zip(parts, encoded, strict=True)], before[rows])
        for rows in pieces
    )
    return RowIds(ids=_ids(digests), hashes=_hashes(digests))


def _encoded(texts: NDArray[np.object_]) -> NDArray[np.object_]:
    return np.fromiter(map(str.encode, texts), dtype=object, count=len(texts))


def _digests(parts: Sequence[tuple[Texts, NDArray[np.object_]]], before: NDArray[np.int64]) -> bytes:
    columns = [*(part.spread(encoded) for part, encoded in parts), map(b"%d".__mod__, before.tolist())]
    contents = map(_BETWEEN.join, zip(*columns, strict=True))
    return b"".join([blake2b(content, digest_size=_HASH_BYTES).digest() for content in contents])


def _equal_rows_before(parts: Sequence[Texts]) -> NDArray[np.int64]:
    """How many equal rows come before each one."""
    codes: NDArray[Any] = parts[0].codes
    for part in parts[1:]:
        # As many codes as rows at most, so that the next product of two fits 64 bits.
        codes, _ = pd.factorize(codes.astype(np.int64) * len(part.distinct) + part.codes)
    return np.asarray(pd.Series(codes).groupby(codes, sort=False).cumcount(), dtype=np.int64)


def _ids(digests: bytes) -> pd.Series:
    n_rows, width = len(digests) // _HASH_BYTES, len(_PREFIX) + 2 * _HASH_BYTES
    letters = np.empty((n_rows, width), dtype=np.uint8)
    letters[:, : len(_PREFIX)] = np.frombuffer(_PREFIX, dtype=np.uint8)
    letters[:, len(_PREFIX) :] = np.frombuffer(digests.hex().encode(), dtype=np.uint8).reshape(n_rows, 2 * _HASH_BYTES)
    offsets = np.arange(n_rows + 1, dtype=np.int64) * width
    array = pa.LargeStringArray.from_buffers(n_rows, pa.py_buffer(offsets), pa.py_buffer(letters))
    return pd.Series(pd.array(array, dtype=pd.StringDtype("pyarrow", na_value=np.nan)))


def _hashes(digests: bytes) -> pd.Series:
    kind = pa.binary(_HASH_BYTES)
    buffers = [None, pa.py_buffer(digests)]
    array = pa.FixedSizeBinaryArray.from_buffers(kind, len(digests) // _HASH_BYTES, buffers)
    return pd.Series(pd.arrays.ArrowExtensionArray(array))
