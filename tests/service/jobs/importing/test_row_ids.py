import re

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from service.jobs.importing.cells import Texts
from service.jobs.importing.row_ids import row_ids

ROWS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xy")), min_size=1, max_size=40)


def texts(values: list[str]) -> Texts:
    return Texts.of(np.arange(len(values)), np.array(values, dtype=object))


def ids(rows: list[tuple[str, str]]) -> list[str]:
    named = row_ids([texts([row[place] for row in rows]) for place in (0, 1)])
    assert named.ids.tolist() == [f"import-{digest.hex()}" for digest in named.hashes]
    return named.ids.tolist()


@given(ROWS)
def test_every_row_has_an_id_of_its_own(rows: list[tuple[str, str]]) -> None:
    named = ids(rows)
    assert len(set(named)) == len(rows)
    assert all(re.fullmatch(r"import-[0-9a-f]{32}", name) for name in named)


@given(ROWS, ROWS)
def test_a_grown_file_keeps_the_ids_of_its_old_rows(old: list[tuple[str, str]], new: list[tuple[str, str]]) -> None:
    assert ids(old + new)[: len(old)] == ids(old)


@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter_to_the_set_of_ids(rows: list[tuple[str, str]], random: object) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis passes a random.Random
    assert set(ids(shuffled)) == set(ids(rows))


def test_parts_do_not_run_into_each_other() -> None:
    assert set(ids([("1", "23")])).isdisjoint(ids([("12", "3")]))
