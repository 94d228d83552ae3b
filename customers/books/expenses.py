"""What kind of expense a shop's own word means: stock, advertising, or anything else."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

import numpy as np
import numpy.typing as npt

ExpenseKind = Literal["stock", "advertising", "other"]

_WORDS: Mapping[ExpenseKind, str] = MappingProxyType(
    {
        "advertising": "ads ad advert adverts advertising advertisement advertisements marketing promo promotion "
        "promotions campaign campaigns boost influencer endorsement iklan promosi pemasaran kampanye endorsemen",
        "stock": "stock inventory goods merchandise ingredients ingredient supplier suppliers wholesale cogs materials "
        "stok persediaan bahan kulakan belanjaan hpp pemasok grosir",
    }
)


def expense_kinds(categories: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    """The kind of each expense, by the words of its category in English or Indonesian.

    Advertising speaks before stock ("advertising materials" are no goods). A category without a word that is known,
    or none at all, is ``other``.

    Args:
        categories: As the shop calls them, shape ``(n_lines,)``.

    Returns:
        ``ExpenseKind`` of each, same shape.
    """
    kind_of = {category: _kind(str(category)) for category in set(categories.tolist())}
    kinds = np.empty(categories.size, dtype=np.object_)
    kinds[:] = [kind_of[category] for category in categories.tolist()]
    return kinds


def _kind(category: str) -> ExpenseKind:
    words = set(re.findall(r"[^\W\d_]+", category.casefold()))
    for kind, known in _WORDS.items():
        if not words.isdisjoint(known.split()):
            return kind
    return "other"
