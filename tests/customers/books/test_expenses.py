import numpy as np
import pytest

from customers.books.expenses import expense_kinds


@pytest.mark.parametrize(
    ("category", "kind"),
    [
        ("Advertising", "advertising"),
        ("TikTok ads", "advertising"),
        ("Iklan", "advertising"),
        ("biaya promosi", "advertising"),
        ("advertising materials", "advertising"),
        ("Stock", "stock"),
        ("stok_kopi", "stock"),
        ("Bahan baku", "stock"),
        ("Rent", "other"),
        ("Sewa", "other"),
        ("salads", "other"),  # a word is known whole or not at all
        ("", "other"),
    ],
)
def test_a_category_is_known_by_its_words(category: str, kind: str) -> None:
    assert expense_kinds(np.array([category], dtype=np.object_)).tolist() == [kind]
