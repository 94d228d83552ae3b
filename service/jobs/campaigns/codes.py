"""Codes of vouchers and stamp cards: they are money, so neither a seed nor a campaign's salt may tell them."""

import secrets

import numpy as np
from numpy.typing import NDArray

CODE_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
"""Of a card's code: no letter that could be read as a digit."""

_CODE_LENGTH = 7


def drawn_codes(is_contacted: NDArray[np.bool_], *, has_cards: bool) -> NDArray[np.object_]:
    """A code of its own for each card, empty for those who get none; shape ``(n_customers,)``.

    Args:
        is_contacted: Who gets a card.
        has_cards: Whether the campaign gives any.
    """
    codes = np.full(is_contacted.size, "", dtype=object)
    if has_cards:
        letters = np.array(list(CODE_LETTERS), dtype=object)
        numbers = np.empty(0, dtype=np.int64)
        n_cards = int(is_contacted.sum())
        while numbers.size < n_cards:
            drawn = np.frombuffer(secrets.token_bytes(8 * n_cards), dtype=np.uint64) % letters.size**_CODE_LENGTH
            both = np.concatenate([numbers, drawn.astype(np.int64)])
            numbers = both[np.sort(np.unique(both, return_index=True)[1])][:n_cards]
        places = letters.size ** np.arange(_CODE_LENGTH)
        codes[is_contacted] = letters[(numbers[:, None] // places) % letters.size].sum(axis=1)
    return codes
