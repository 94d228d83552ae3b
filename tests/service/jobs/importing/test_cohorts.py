"""Promises of tables of cohorts: long or wide, in English or Indonesian, read whole or refused by row and column."""

from pathlib import Path

import pytest

from service.jobs.importing.cohorts import Cohort, cohorts_of_file
from service.jobs.importing.reading import ImportRefused

EXPECTED = [Cohort("Jan", (1000, 869, 743)), Cohort("Feb", (500, 430))]

SAME = {
    "wide": "Cohort,0,1,2\nJan,1000,869,743\nFeb,500,430,\n",
    "wide with words and thousands": "Kohort;Bulan ke-1;Bulan ke-2;Bulan ke-3\nJan;1.000;869;743\nFeb;500;430;\n",
    "wide in any order of columns": "month 2,signup month,month 0,month 1\n743,Jan,1000,869\n,Feb,500,430\n",
    "long": "cohort,period,customers\nJan,0,1000\nJan,1,869\nFeb,0,500\nFeb,1,430\nJan,2,743\n",
    "long in Indonesian": "Angkatan;Periode;Pelanggan aktif\nJan;1;1.000\nJan;2;869\nJan;3;743\nFeb;1;500\nFeb;2;430\n",
    "below a title": "Mine\n\nPlan,Month,Active customers\nJan,0,1000\nJan,1,869\nJan,2,743\nFeb,0,500\nFeb,1,430\n",
}

REFUSED = {
    "no such table": ("name,amount\na,1\n", "needs columns such as cohort, period and customers"),
    "shares": ("cohort,0,1\na,100,86.9\n", "row 2, column '1': '86.9' is no whole number"),
    "percent": ("cohort,0,1\na,100,87%\n", "'87%' is no whole number; shares say nothing"),
    "a cohort that grows": ("cohort,0,1\na,5,9\n", "row 2: 9 customers in period 1 after 5 before it"),
    "a gap": ("cohort,0,1,2\na,5,,3\n", "row 2: period 1 is missing"),
    "a late start": ("cohort,period,customers\na,0,9\nb,1,5\n", "cohort 'b': period 0 is missing"),
    "twice": ("cohort,period,customers\na,0,9\na,0,9\n", "row 3: cohort 'a' has period 0 twice"),
    "an empty count": ("cohort,period,customers\na,0,\n", "row 2: a period and the customers"),
    "an empty cohort": ("cohort,0,1\na,0,0\n", "nobody was there in period 0"),
    "too many cells": ("cohort,0,1\na,5,4,3\n", "row 2: there are more cells than headings"),
}


@pytest.mark.parametrize("form", SAME)
def test_every_form_of_a_table_says_the_same(tmp_path: Path, form: str) -> None:
    (tmp_path / "c.csv").write_text(SAME[form])
    assert cohorts_of_file(tmp_path / "c.csv") == EXPECTED


def test_without_a_column_of_cohorts_all_is_one(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("year,survivors\n0,10\n1,8\n")
    assert cohorts_of_file(tmp_path / "c.csv") == [Cohort("", (10, 8))]


@pytest.mark.parametrize("what", REFUSED)
def test_a_table_that_is_not_whole_is_refused_where_it_fails(tmp_path: Path, what: str) -> None:
    text, words = REFUSED[what]
    (tmp_path / "c.csv").write_text(text)
    with pytest.raises(ImportRefused) as refused:
        cohorts_of_file(tmp_path / "c.csv")
    assert words in str(refused.value)
