import pytest

from customers.wording import frequency_in_words


@pytest.mark.parametrize(
    ("n_some", "n_all", "text"),
    [
        (31, 155, "about 1 in 5"),
        (50, 100, "about 1 in 2"),
        (68, 100, "about 7 in 10"),
        (20, 100, "about 1 in 5"),
        (19, 100, "nearly 1 in 5"),
        (17, 100, "about 1 in 6"),
        (15, 100, "about 1 in 7"),
        (4, 100, "about 1 in 25"),
        (1, 300, "about 1 in 300"),
        (0, 155, "none of 155"),
        (155, 155, "all of 155"),
        (154, 155, "about 9 in 10"),
    ],
)
def test_shares_are_said_as_people_count(n_some: int, n_all: int, text: str) -> None:
    assert frequency_in_words(n_some, n_all, language="en") == text


def test_the_same_in_indonesian() -> None:
    assert frequency_in_words(31, 155, language="id") == "sekitar 1 dari 5"
    assert frequency_in_words(19, 100, language="id") == "hampir 1 dari 5"


@pytest.mark.parametrize(("n_some", "n_all"), [(1, 0), (3, 2), (-1, 2)])
def test_impossible_counts_are_refused(n_some: int, n_all: int) -> None:
    with pytest.raises(ValueError, match="n_some must be from 0 to n_all"):
        frequency_in_words(n_some, n_all, language="en")
