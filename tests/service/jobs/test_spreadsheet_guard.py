import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.jobs.spreadsheet_guard import guarded, unguarded

TEXTS = st.lists(st.text() | st.text(alphabet="'=+-@\t\r\na1 ", max_size=6), min_size=1)


@given(TEXTS)
def test_any_text_comes_back_as_it_was(texts: list[str]) -> None:
    for dtype in ("str", "object"):
        assert unguarded(guarded(pd.Series(texts, dtype=dtype))).tolist() == texts


@given(TEXTS)
def test_no_guarded_text_begins_as_a_formula_does(texts: list[str]) -> None:
    assert not guarded(pd.Series(texts, dtype="str")).str.startswith(tuple("=+-@\t\r")).any()


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("=1+2", "'=1+2"),
        ("+62 812", "'+62 812"),
        ("-5", "'-5"),
        ("@sum", "'@sum"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("'=1", "''=1"),
        ("''=1", "'''=1"),
        ("'tis", "'tis"),
        ("a=1", "a=1"),
        ("", ""),
    ],
)
def test_only_what_a_spreadsheet_would_run_is_guarded(text: str, safe: str) -> None:
    assert guarded(pd.Series([text])).tolist() == [safe]
    assert unguarded(pd.Series([safe])).tolist() == [text]


def test_missing_texts_stay_missing() -> None:
    texts = pd.Series(["=1", None], dtype="str")
    assert guarded(texts).isna().tolist() == unguarded(texts).isna().tolist() == [False, True]
