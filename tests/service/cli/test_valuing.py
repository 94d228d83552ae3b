"""Promises of ``kembang customers``: the published numbers, and a clear answer to every sheet."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from customers.published.numbers import FITS

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def cdnow_csv(data_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The CDNOW sample as a shop's sheet: one row per order line."""
    file = tmp_path_factory.mktemp("cdnow") / "orders.csv"
    lines = [line.split() for line in (data_folder / "cdnow" / "CDNOW_sample.txt").read_text().splitlines()]
    rows = [f"{id_},{day[:4]}-{day[4:6]}-{day[6:]},{dollars}" for _, id_, day, _, dollars in lines]
    file.write_text("\n".join(["customer_id,date,amount", *rows]) + "\n")
    return file


@pytest.fixture(scope="session")
def reference() -> dict[str, Any]:
    values: dict[str, Any] = json.loads((ROOT / "tests" / "reference" / "customer-value.json").read_text())
    return values


def test_the_cdnow_sample_gives_the_published_models(run: Any, cdnow_csv: Path) -> None:
    found = run("customers", "fit", cdnow_csv, "--until", "1997-09-30", "--json").document
    assert (found["customers"], found["repeat_orders"]) == (2357, 2457)
    assert {fit.model for fit in FITS} == set(found["models"])
    for fit in FITS:
        model = found["models"][fit.model]
        expected = {"v" if name == "gamma" else name: value for name, value in fit.parameters.items()}
        assert model["parameters"] == pytest.approx(expected, abs=fit.absolute), fit.source
        if fit.log_likelihood is not None:
            assert model["log_likelihood"] == pytest.approx(fit.log_likelihood, abs=fit.log_likelihood_absolute)


def test_errors_and_the_hold_out_are_those_of_an_independent_implementation(
    run: Any, cdnow_csv: Path, reference: Any
) -> None:
    found = run("customers", "fit", cdnow_csv, "--until", "1997-09-30", "--json").document
    errors, held_out = reference["standard_errors"], reference["holdout_39_weeks"]
    for name in ("bg_nbd", "pareto_nbd"):
        assert found["models"][name]["standard_errors"] == pytest.approx(errors[name], rel=errors["tolerance_rel"])
    assert found["holdout"]["weeks"] == 39
    for name, quality in found["holdout"]["models"].items():
        assert quality["actual_orders"] == held_out["actual_orders"]
        assert quality["expected_orders"] == pytest.approx(
            held_out["expected_orders"][name], rel=held_out["tolerance_rel"]
        )
        assert quality["mean_absolute_error"] == pytest.approx(held_out["mean_absolute_error"][name], abs=1e-4)
        assert quality["correlation"] == pytest.approx(held_out["correlation"][name], abs=1e-4)
        # What would have been said on the last day, corrected by the shop's past, ranks no worse than the model.
        assert quality["auc"] >= quality["model_auc"]
        assert sum(quality["calibration"]["customers"]) == found["customers"]
    qualities = found["holdout"]["models"]
    assert qualities["pareto_nbd"]["auc"] >= 0.775
    assert found["chosen"] == max(qualities, key=lambda name: qualities[name]["auc"])


def test_days_change_the_unit_and_nothing_else(run: Any, cdnow_csv: Path) -> None:
    """A density per day is one per week divided by 7, once for each repeat order; only alpha and beta are times."""
    arguments = ("customers", "fit", cdnow_csv, "--until", "1997-09-30", "--json")
    weeks, days = run(*arguments).document, run(*arguments, "--unit", "day").document
    in_weeks, in_days = (said["models"]["pareto_nbd"]["parameters"] for said in (weeks, days))
    assert in_days == pytest.approx(
        {**in_weeks, "alpha": in_weeks["alpha"] * 7, "beta": in_weeks["beta"] * 7}, rel=1e-9
    )
    lost = weeks["repeat_orders"] * 1.945910149055313  # ln 7
    for name in ("bg_nbd", "mbg_nbd", "pareto_nbd"):
        assert days["models"][name]["log_likelihood"] == pytest.approx(
            weeks["models"][name]["log_likelihood"] - lost, rel=1e-12
        )
    assert days["models"]["gamma_gamma"] == weeks["models"]["gamma_gamma"]


def test_without_amounts_there_is_no_model_of_spend(run: Any, tmp_path: Path) -> None:
    rows = [f"c{n},2024-0{month}-{1 + n % 28:02d}" for n in range(40) for month in range(1, 2 + n % 4)]
    (tmp_path / "o.csv").write_text("\n".join(["customer_id,date", *rows]))
    found = run("customers", "fit", tmp_path / "o.csv", "--json").document
    assert found["models"]["gamma_gamma"] is None
    assert found["models"]["mbg_nbd"] is not None
    assert "holdout" not in found


SHEETS = {
    "no repeat buyers": "anna,2024-01-01,2.5\nbert,2024-01-02,3\n",
    "one customer": "anna,2024-01-01,2.5\nanna,2024-02-01,2.5\n",
    "all on one day": "anna,2024-01-01,2.5\nbert,2024-01-01,3\nanna,2024-01-01,9\n",
    "negative totals": "anna,2024-01-01,-2.5\nbert,2024-01-04,-3\nanna,2024-02-01,-9\n",
    "future dates": "anna,2150-01-01,2.5\n",
    "three lines": "anna,2024-01-01,2\nbert,2024-01-04,1\nanna,2024-02-01,3\n",
}


@pytest.mark.parametrize("what", SHEETS)
@pytest.mark.parametrize("command", ["fit", "value", "segments"])
def test_a_sheet_too_small_for_models_is_answered_clearly(run: Any, tmp_path: Path, what: str, command: str) -> None:
    (tmp_path / "o.csv").write_text("customer,date,amount\n" + SHEETS[what])
    said = run("customers", command, tmp_path / "o.csv", "--json")
    assert "Traceback" not in said.err
    assert "nan" not in said.out.lower()
    if said.status:
        assert (said.status, said.out) == (1, "")
        assert said.err.splitlines()[-1].startswith("kembang: ")
    else:
        assert said.document


def test_currencies_are_never_added_up(run: Any, tmp_path: Path) -> None:
    rows = "anna,2024-01-01,2,USD\nanna,2024-02-01,9,EUR\nbert,2024-01-04,1,USD\n"
    (tmp_path / "o.csv").write_text("customer,date,amount,currency\n" + rows)
    said = run("customers", "value", tmp_path / "o.csv", "--json")
    assert said.document["currency"] == "USD"
    assert [(row["customer_id"], row["so_far"]) for row in said.document["customers"]] == [
        ("anna", "2.00"),
        ("bert", "1.00"),
    ]
    assert "1 in EUR" in said.err


@pytest.fixture(scope="session")
def some_of_cdnow(cdnow_csv: Path) -> Path:
    """The first 300 customers of it."""
    file = cdnow_csv.with_name("some.csv")
    file.write_text("".join(cdnow_csv.read_text().splitlines(keepends=True)[:900]))
    return file


def test_every_customer_has_one_row_the_most_promising_first(run: Any, some_of_cdnow: Path, tmp_path: Path) -> None:
    customers = {line.partition(",")[0] for line in some_of_cdnow.read_text().splitlines()[1:]}
    said = run("customers", "value", some_of_cdnow)
    table = list(csv.DictReader(io.StringIO(said.out)))
    assert sorted(row["customer_id"] for row in table) == sorted(customers)
    values = [float(row["value"]) for row in table]
    assert values == sorted(values, reverse=True)
    for row in table[:100]:
        limits = [float(row[f"value_{limit}"]) for limit in ("low_90", "low_50", "high_50", "high_90")]
        assert limits == sorted(limits)
        assert 0 <= float(row["alive"]) <= 1
    run("customers", "value", some_of_cdnow, "--output", tmp_path / "v.csv")
    assert (tmp_path / "v.csv").read_text() == said.out
    assert (tmp_path / "v.csv").stat().st_mode & 0o77 == 0


def test_segments_hold_every_customer_once(run: Any, some_of_cdnow: Path) -> None:
    customers = {line.partition(",")[0] for line in some_of_cdnow.read_text().splitlines()[1:]}
    found = run("customers", "segments", some_of_cdnow, "--json").document
    assert sum(segment["customers"] for segment in found["segments"]) == len(customers)
    assert all("margin" not in segment["definition"] for segment in found["segments"])


def test_the_shop_report_is_written_from_a_sheet(run: Any, tmp_path: Path) -> None:
    (tmp_path / "o.csv").write_text("customer,date,amount\n" + SHEETS["three lines"])
    for ending, sign in (("html", "<!doctype html>"), ("md", "# ")):
        file = tmp_path / f"r.{ending}"
        said = run("customers", "report", tmp_path / "o.csv", "--output", file, "--language", "id", "--cash", "12.50")
        assert (said.status, file.read_text().lower().startswith(sign)) == (0, True)
    assert run("customers", "report", tmp_path / "o.csv", "--json").document["currency"] == "GBP"
    assert run("customers", "report", tmp_path / "o.csv", "--output", "r.pdf").status == 2


def test_the_log_is_valued_where_no_file_is_named(run: Any, write_sales: Any, home: Path) -> None:
    run("import", write_sales())
    document = run("customers", "value", "--json").document
    # 5.00 + 4.00 + 5.00 of anna's; ben gave back what he bought.
    assert [(row["customer_id"], row["so_far"]) for row in document["customers"]] == [("anna", "14.00")]
    made = run("customers", "publish", "--json").document
    assert (made["customers"], made["users"]) == (1, 2)
    assert (home / "values" / "live").read_text().strip() == made["version"]


def test_options_of_reading_a_file_need_a_file(run: Any, write_sales: Any) -> None:
    run("import", write_sales())
    assert run("customers", "fit", "--map", "user=Customer").status == 2


def test_an_empty_log_says_what_to_do(run: Any, write_sales: Any) -> None:
    run("import", write_sales(["1,tea,Tea,1,2026-03-02 00:30,2.50,,"]))
    assert run("customers", "publish").explains("no known customer")


def later_sale(write_sales: Any) -> Path:
    """To nobody known, in November: so long has everybody else been silent, as far as the shop knows."""
    file: Path = write_sales(["2001,tea,Green tea,1,2026-11-12 09:00,2.50,,"], name="later.csv")
    return file


def test_engagement_of_a_log_without_second_orders_says_what_to_do(run: Any, write_sales: Any) -> None:
    run("import", write_sales())
    run("import", later_sale(write_sales))
    assert run("customers", "engagement", "--horizon-days", "90", "--landmark", "soon").status == 2
    assert run("customers", "engagement", "--horizon-days", "3000").explains("nobody had ordered on two days")
    said = run("customers", "engagement", "--landmark", "2026-03-20", "--language", "id")
    assert "membuat orang menyukai belum tentu" in said.out
    assert said.out.count("membuat orang menyukai") == 1


def test_an_audience_says_who_is_left_out(run: Any, write_sales: Any, tmp_path: Path) -> None:
    run("import", write_sales())
    run("import", later_sale(write_sales))
    assert run("customers", "audience", "new", tmp_path / "a.csv", "--for", "google").explains("customers publish")
    run("customers", "publish")
    said = run("customers", "audience", "quiet", tmp_path / "a.csv", "--for", "google").out
    # Anna bought last in March 2026, and nobody asked her whether she agrees.
    assert "0 of 1 customers of quiet" in said
    assert "left out         1  did not agree" in said
    assert run("customers", "audience", "best", tmp_path / "a.csv", "--for", "google").status == 2


def test_subscriptions_are_read_from_a_sheet(run: Any, tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text("cohort,0,1,2\nold,100,80,70\nnew,50,41,\n")
    found = run("customers", "subscriptions", tmp_path / "s.csv", "--json").document
    assert [(one["cohort"], one["started"], one["active"]) for one in found["cohorts"]] == [
        ("old", 100, 70),
        ("new", 50, 41),
    ]
    assert "new" in run("customers", "subscriptions", tmp_path / "s.csv", "--period", "year").out
    (tmp_path / "s.csv").write_text("cohort,0,1\nold,100,120\n")
    assert run("customers", "subscriptions", tmp_path / "s.csv").explains("s.csv, row 2", "never grows")


def test_reasons_and_segments_are_said_in_the_language_asked_for(run: Any, tmp_path: Path) -> None:
    (tmp_path / "o.csv").write_text("customer,date,amount\n" + SHEETS["three lines"])
    reasons = {
        language: [row["reason"] for row in csv.DictReader(io.StringIO(said.out))]
        for language in ("en", "id")
        for said in [run("customers", "value", tmp_path / "o.csv", "--language", language)]
    }
    assert reasons["en"][0].startswith(("ordered on the last day", "28 days silent"))
    assert reasons["id"][0].startswith(("membeli pada hari terakhir", "diam 28 hari"))
    document = run("customers", "value", tmp_path / "o.csv", "--language", "id", "--json").document
    assert [row["reason"] for row in document["customers"]] == reasons["id"]
    segments = run("customers", "segments", tmp_path / "o.csv", "--language", "id", "--json").document["segments"]
    assert {segment["id"]: segment["name"] for segment in segments}["loyal"] == "Setia"
