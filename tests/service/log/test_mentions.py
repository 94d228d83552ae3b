"""Promises of telling whom a refused row is about: however it spells her, and nobody else."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.log.mentions import Mentions

PHONE = "+6281234567890"


@pytest.mark.parametrize(
    "row",
    [
        {"user_id": "anna"},
        {"visitor_id": "anna", "user_id": None},
        {"userid": "anna"},
        {"id": "anna-17", "kind": "view"},
        {"user": {"name": "anna"}},
        {"who": ["ben", "anna"]},
        {"note": "for anna, as a gift"},
        {"anna": 1},
    ],
)
def test_a_row_that_names_her_is_hers(row: object) -> None:
    assert Mentions({"anna"}).in_row(json.dumps(row))


@pytest.mark.parametrize(
    "row",
    [
        {"user_id": "ben", "order_id": "anna-17"},
        {"user_id": "anna2"},
        {"id": "joanna-1"},
        {"id": "annabel"},
        {"user_id": "anna-maria"},
        {},
        [],
        None,
        5,
    ],
)
def test_a_row_about_somebody_else_or_nobody_is_not(row: object) -> None:
    assert not Mentions({"anna"}).in_row(json.dumps(row))


@pytest.mark.parametrize(
    "spelling", ["0812-3456-7890", "+62 812 3456 7890", "6281234567890", "81234567890.0", "'+6281234567890"]
)
def test_a_phone_number_is_one_number_however_it_is_spelt(spelling: str) -> None:
    mentions = Mentions({PHONE})
    assert mentions.in_row(json.dumps({"Pelanggan": spelling}), person_fields={"Pelanggan"})
    assert mentions.in_row(json.dumps({"Catatan": f"hubungi {spelling} ya"}))
    assert mentions.in_text(f'{{"Pelanggan": "{spelling}", cut off')


@pytest.mark.parametrize("spelling", ["0812-3456-7891", "1234567", "7890", "0812 3456 78901"])
def test_another_number_is_another_person(spelling: str) -> None:
    assert not Mentions({PHONE}).in_row(json.dumps({"Pelanggan": spelling}), person_fields={"Pelanggan"})


@given(name=st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=20), escaped=st.booleans())
def test_any_name_is_found_however_json_writes_it(name: str, escaped: bool) -> None:
    assert Mentions({name}).in_row(json.dumps({"user_id": name}, ensure_ascii=escaped))


def test_an_empty_name_would_be_everywhere_and_is_refused() -> None:
    with pytest.raises(ValueError, match="none of them empty"):
        Mentions({""})
