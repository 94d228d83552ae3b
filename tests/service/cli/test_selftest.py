"""Promises of ``kembang selftest``."""

import dataclasses
from typing import Any

import pytest

from customers.published import comparisons


def test_published_numbers_stand_beside_computed_ones_and_all_agree(run: Any) -> None:
    said = run("selftest")

    assert said.status == 0
    assert "published numbers, none of them differing" in said.out
    # Fader, Hardie and Lee (2005): 1.226 orders in 39 weeks; computed, 1.22603.
    assert any("1.226 published" in line and "1.226028" in line for line in said.out.splitlines())


def test_the_document_says_every_number_with_its_source(run: Any) -> None:
    document = run("selftest", "--json").document

    assert document["compared"] == len(document["comparisons"])
    assert document["differing"] == 0
    assert document["cdnow"] is False
    assert all(comparison["source"] for comparison in document["comparisons"])


def test_with_the_cdnow_sample_the_fits_are_compared_too(run: Any, data_folder) -> None:
    document = run("selftest", "--cdnow", str(data_folder / "cdnow" / "CDNOW_sample.txt"), "--json").document

    assert document["cdnow"] is True
    assert document["differing"] == 0
    assert {"bg_nbd", "mbg_nbd", "pareto_nbd", "gamma_gamma", "sbg"} == {
        comparison["model"] for comparison in document["comparisons"]
    }


def test_a_number_that_differs_fails(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    first, *others = comparisons.POINTS
    monkeypatch.setattr(comparisons, "POINTS", (dataclasses.replace(first, values=(1.5,)), *others))
    said = run("selftest")

    assert said.status == 1
    assert "published numbers, 1 of them differing" in said.out
    assert next(line for line in said.out.splitlines() if "DIFFERS" in line).split()[-1] == "0.0005"


def test_another_file_is_explained_in_a_line(run: Any, tmp_path) -> None:
    other = tmp_path / "sales.csv"
    other.write_text("customer,date\nAna,2026-01-01\n")

    assert run("selftest", "--cdnow", str(other)).explains("sales.csv", "CDNOW_sample.txt")
