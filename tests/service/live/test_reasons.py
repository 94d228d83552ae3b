"""Promises of the reasons: a sentence a customer understands, in the language her browser asks for."""

import itertools
from typing import get_args

import pytest

from recommender.reasons import Reason, ReasonKey
from service.live.catalogue import Catalogue
from service.live.reasons import language, reason_text
from service.log.catalogue import CatalogueItem

CATALOGUE = Catalogue({7: CatalogueItem(external_id="tea", kind="product", title="Green tea")}, last_change=1)


@pytest.mark.parametrize(
    ("header", "spoken"),
    [
        (None, "en"),
        ("", "en"),
        ("id", "id"),
        ("id-ID,id;q=0.9,en-US;q=0.8", "id"),
        ("en-GB,en;q=0.9,id;q=0.8", "en"),
        ("en;q=0.3,id;q=0.7", "id"),
        ("de,fr;q=0.9", "en"),
        ("de,id;q=0.1", "id"),
        ("in-ID", "id"),
        ("ID", "id"),
        ("id;q=0", "en"),
        ("id;q=high", "en"),
        ("*", "en"),
        (",;q=,;;", "en"),
    ],
)
def test_the_language_is_the_first_wanted_one_that_we_speak(header: str | None, spoken: str) -> None:
    assert language(header) == spoken


@pytest.mark.parametrize(("key", "spoken"), [*itertools.product(get_args(ReasonKey), ("en", "id"))])
def test_every_reason_has_a_sentence_in_every_language(key: ReasonKey, spoken: str) -> None:
    text = reason_text(Reason(key, item_id=7, segment="Indonesia"), CATALOGUE, spoken=spoken)
    assert "{" not in text
    assert text[0].isupper()
    assert ("Green tea" in text) == (key in ("because_of", "similar"))
    assert ("Indonesia" in text) == (key == "popular_in_segment")


@pytest.mark.parametrize(("spoken", "said"), [("en", "Picked for you"), ("id", "Dipilih untuk Anda")])
@pytest.mark.parametrize("item_id", [8, None])
def test_an_item_that_left_the_catalogue_is_not_named(spoken: str, said: str, item_id: int | None) -> None:
    assert reason_text(Reason("because_of", item_id=item_id), CATALOGUE, spoken=spoken) == said


def test_braces_in_a_title_are_only_letters() -> None:
    named = Catalogue({7: CatalogueItem(external_id="x", kind="product", title="{0} {title}")}, last_change=1)
    assert reason_text(Reason("because_of", item_id=7), named, spoken="en") == "Because of your interest in {0} {title}"
