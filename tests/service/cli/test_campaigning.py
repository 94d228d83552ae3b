"""Promises of ``kembang campaign``: from two sales sheets to a verdict, and nothing to see before its day."""

import csv
import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.clock import day_text, machine_now, shop_day

FIRST_DAY = date(2026, 3, 2)
CUSTOMERS = [f"0812-0000-{number:04}" for number in range(60)]

Line = tuple[date, str, int]


def write_sheet(file: Path, lines: Sequence[Line]) -> Path:
    """A sheet as an Indonesian stall keeps it; every third row spells the number another way."""
    rows = ["Tanggal,No HP,Barang,Qty,Total"]
    for number, (day, phone, amount) in enumerate(lines):
        spelt = f"+62 {phone[1:].replace('-', ' ')}" if number % 3 == 0 else phone
        rows.append(f"{day.isoformat()},{spelt},Nasi goreng,1,{amount}")
    file.write_text("\n".join(rows))
    return file


def past_lines(rng: np.random.Generator) -> Iterator[Line]:
    """Twenty weeks in which every customer comes every other week or so."""
    for phone in CUSTOMERS:
        yield FIRST_DAY - timedelta(days=140), phone, 20_000
        for days in np.flatnonzero(rng.random(139) < 1 / 14):
            yield FIRST_DAY - timedelta(days=1 + int(days)), phone, 20_000


@pytest.fixture
def before(tmp_path: Path) -> Path:
    return write_sheet(tmp_path / "january.csv", list(past_lines(np.random.default_rng(1))))


@pytest.fixture(autouse=True)
def shop(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEMBANG_CURRENCY", "IDR")
    monkeypatch.setenv("KEMBANG_TIMEZONE", "Asia/Jakarta")


def plan(run: Any, before: Path, tmp_path: Path, *more: object, name: str = "back") -> Any:
    return run(
        *("campaign", "plan", before, "--name", name, "--first-day", FIRST_DAY.isoformat(), "--seed", 5),
        *("--output", tmp_path / "send.csv", *more),
    )


def contacted(tmp_path: Path) -> list[dict[str, str]]:
    with (tmp_path / "send.csv").open() as file:
        return [{name: cell.removeprefix("'") for name, cell in row.items()} for row in csv.DictReader(file)]


def window_sheet(tmp_path: Path, *, buyers: set[str]) -> Path:
    """The weeks of the campaign, in which every buyer comes once and a stranger too, to the last day."""
    spelt = {f"+62{phone[1:].replace('-', '')}": phone for phone in CUSTOMERS}
    lines = [(FIRST_DAY + timedelta(days=3), spelt[buyer], 20_000) for buyer in sorted(buyers)]
    return write_sheet(tmp_path / "march.csv", [*lines, (FIRST_DAY + timedelta(days=27), "0812-9999-0001", 5_000)])


def test_from_two_sheets_to_a_verdict(run: Any, before: Path, tmp_path: Path) -> None:
    planned = plan(run, before, tmp_path, "--voucher", "5000", "--json")
    assert planned.status == 0
    assert planned.document["counts"]["contacted"] == 42
    assert planned.document["counts"]["held_out"] == 18
    assert planned.document["foresight"]["ordered"]["smallest"] > 0
    sent = contacted(tmp_path)
    assert len(sent) == 42
    assert all(re.fullmatch(r"\+62812\d+", row["phone"]) and re.fullmatch(r"\w{3}-\w{4}", row["code"]) for row in sent)
    # Everybody who was written to comes, and a third of the others.
    everybody = {f"+62{phone[1:].replace('-', '')}" for phone in CUSTOMERS}
    held_out = everybody - {row["phone"] for row in sent}
    march = window_sheet(tmp_path, buyers={row["phone"] for row in sent} | set(sorted(held_out)[:6]))
    read = run("campaign", "read", "back", march, "--json").document
    assert read["arms"] == {"contacted": 42, "held_out": 18}
    assert read["ordering"] == 48
    assert (read["customers"]["new"], read["vouchers_assumed"]) == (1, 42)
    ordered, margin = read["outcomes"]["ordered"], read["outcomes"]["margin"]
    assert (ordered["arm_mean"], ordered["control_mean"]) == (pytest.approx(1), pytest.approx(6 / 18, abs=0.05))
    # 20,000 less a voucher of 5,000 from each contacted; of the others a third came, weighted by block.
    assert (margin["arm_mean"], margin["control_mean"]) == (
        pytest.approx(15_000),
        pytest.approx(20_000 / 3, rel=0.15),
    )
    assert read["verdict"]["kind"] == "works"
    assert run("campaign", "read", "back", march).out.splitlines()[-1].startswith("verdict: It works: net of vouchers")


def test_planned_again_it_is_the_same_and_planned_otherwise_it_is_refused(
    run: Any, before: Path, tmp_path: Path
) -> None:
    plan(run, before, tmp_path)
    first = (tmp_path / "send.csv").read_bytes()
    run("campaign", "plan", before, "--name", "back", "--seed", 5, "--output", tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_bytes() == first
    other = plan(run, before, tmp_path, "--holdout", "0.5")
    assert other.status == 1
    assert "there is a campaign 'back' already, planned otherwise" in other.err.splitlines()[-1]
    moved = run("campaign", "plan", before, "--name", "back", "--seed", 5, "--first-day", "2026-03-09")
    assert moved.explains("there is a campaign 'back' already, planned otherwise")
    plan(run, before, tmp_path, name="twin")
    assert (tmp_path / "send.csv").read_bytes() == first, "the same seed draws the same lots"


def test_a_seed_tells_the_lots_and_not_the_codes_of_cards(run: Any, before: Path, tmp_path: Path) -> None:
    plan(run, before, tmp_path, "--voucher", "5000")
    first = contacted(tmp_path)
    plan(run, before, tmp_path, "--voucher", "5000", name="twin")
    second = contacted(tmp_path)
    assert [row["phone"] for row in first] == [row["phone"] for row in second]
    codes = {row["code"] for row in (*first, *second)}
    # Of 31^7 = 2.75e10 codes one of the 84 is drawn twice about once in eight million runs.
    assert len(codes) == 84


def test_before_its_day_a_campaign_shows_nothing(run: Any, before: Path, tmp_path: Path) -> None:
    run("campaign", "plan", before, "--name", "now")
    today = date(1970, 1, 1) + timedelta(days=shop_day(machine_now(), timezone="Asia/Jakarta"))
    said = run("campaign", "read", "now", before, "--json").document
    assert set(said) == {"key", "verdict"}
    assert said["verdict"]["kind"] == "too_early"
    # Nothing is looked at, so the day is the only thing that can differ: the plan is of today, or of just before.
    assert said["verdict"]["decision_date"] in {(today + timedelta(days=28 - late)).isoformat() for late in (0, 1)}


@pytest.mark.parametrize(("last", "is_read"), [(-1, False), (20, False), (21, True), (27, True)])
def test_a_sheet_that_ends_a_week_before_the_window_does_is_not_read(
    run: Any, before: Path, tmp_path: Path, last: int, is_read: bool
) -> None:
    """The window's days are 0 to 27, its last week 21 to 27."""
    plan(run, before, tmp_path)
    sheet = write_sheet(tmp_path / "part.csv", [(FIRST_DAY + timedelta(days=last), CUSTOMERS[0], 20_000)])
    said = run("campaign", "read", "back", sheet)
    assert (said.status == 0) == is_read
    if not is_read:
        assert "too early" in said.err.splitlines()[-1]
        assert "Come back with a sheet that covers it" in said.err.splitlines()[-1]
        assert "ordered" not in said.out


def test_vouchers_are_owed_until_redeemed_and_are_redeemed_once(run: Any, before: Path, tmp_path: Path) -> None:
    plan(run, before, tmp_path, "--voucher", "5000")
    first, second, *_ = contacted(tmp_path)
    redeemed = run("campaign", "redeem", "back", first["code"].lower(), second["phone"], "--on", "2026-03-05", "--json")
    assert redeemed.document["redeemed_amount"] == "10000.00"
    assert redeemed.document["outstanding_amount"] == "200000.00"  # 40 x 5,000
    again = run("campaign", "redeem", "back", first["code"], "--on", "2026-03-06")
    assert again.explains("was redeemed already")
    assert run("campaign", "redeem", "back", "XXX-XXXX").explains("is no code of campaign 'back'")
    late = run("campaign", "redeem", "back", contacted(tmp_path)[2]["code"], "--on", "2026-04-01")
    assert late.explains("ran out on 2026-03-29")
    (account,) = run("campaign", "ledger", "--json").document["accounts"]
    assert (account["redeemed"], account["outstanding"], account["expired"]) == (2, 0, 40)


def test_recorded_redemptions_are_the_cost(run: Any, before: Path, tmp_path: Path) -> None:
    plan(run, before, tmp_path, "--voucher", "5000")
    sent = contacted(tmp_path)
    run("campaign", "redeem", "back", *(row["code"] for row in sent[:3]), "--on", "2026-03-05")
    march = window_sheet(tmp_path, buyers={row["phone"] for row in sent})
    read = run("campaign", "read", "back", march, "--json").document
    assert (read["voucher_cost"], read["vouchers_assumed"]) == (15_000, 0)
    paid = run("campaign", "read", "back", march, "--after-vouchers", "--json").document
    assert paid["voucher_cost"] == 0


def test_a_stamp_card_fills_before_it_is_redeemed(run: Any, before: Path, tmp_path: Path) -> None:
    plan(run, before, tmp_path, "--voucher", "8000", "--stamps", "4", "--cards", tmp_path / "cards.html")
    code = contacted(tmp_path)[0]["code"]
    three = run("campaign", "stamp", "back", code, "--times", "3", "--on", "2026-03-05", "--json").document
    assert (three["outstanding"], three["outstanding_amount"]) == (3, "6000.00")
    assert run("campaign", "redeem", "back", code, "--on", "2026-03-05").explains("needs 4 stamps, has 3")
    run("campaign", "stamp", "back", code, "--on", "2026-03-06")
    full = run("campaign", "redeem", "back", code, "--on", "2026-03-07", "--json").document
    assert (full["redeemed_amount"], full["outstanding_amount"]) == ("8000.00", "0.00")
    page = (tmp_path / "cards.html").read_text()
    assert page.count("<article>") == 42
    assert page.count("<li></li>") == 4 * 42
    assert code in page
    assert "http" not in page, "a card to print asks nobody for anything"


def test_the_forgotten_are_in_no_arm(run: Any, before: Path, tmp_path: Path) -> None:
    plan(run, before, tmp_path)
    gone = contacted(tmp_path)[0]["phone"]
    run("erase", gone)
    again = plan(run, before, tmp_path, "--json", name="later").document
    assert (again["counts"]["forgotten"], again["counts"]["contacted"] + again["counts"]["held_out"]) == (1, 59)
    assert gone not in {row["phone"] for row in contacted(tmp_path)}
    march = window_sheet(tmp_path, buyers={row["phone"] for row in contacted(tmp_path)})
    read = run("campaign", "read", "back", march, "--json").document
    assert read["customers"]["forgotten"] == {"contacted": 1, "held_out": 0}
    assert "1 customers asked to be forgotten since" in read["verdict"]["text"]


def test_without_a_file_the_log_is_planned_from_and_read(run: Any, before: Path, tmp_path: Path) -> None:
    assert run("campaign", "plan", "--name", "back").explains("the log holds no sale in IDR")
    run("import", before)
    planned = run("campaign", "plan", "--name", "back", "--first-day", FIRST_DAY.isoformat(), "--json").document
    assert planned["counts"]["contacted"] == 42
    run("import", window_sheet(tmp_path, buyers={f"+62{phone[1:].replace('-', '')}" for phone in CUSTOMERS[::2]}))
    read = run("campaign", "read", "back", "--json").document
    assert (read["ordering"], read["verdict"]["kind"]) == (30, "no_difference")
    assert run("campaign", "list").out.startswith("back ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--name", "Über Uns"), "name must be 1 to 64 of a-z"),
        (("--name", "x", "--holdout", "1"), "holdout must lie between 0.05 and 0.95, got 1.0"),
        (("--name", "x", "--weeks", "0"), "weeks must be 1 to 52, got 0"),
        (("--name", "x", "--voucher", "-1"), "--voucher must be from 0"),
        (("--name", "x", "--voucher", "0"), "voucher must be worth more than 0"),
        (("--name", "x", "--stamps", "5"), "stamps need a voucher"),
        (("--name", "x", "--first-day", "2020-01-01"), "0 customers ordered before 2020-01-01"),
    ],
)
def test_what_cannot_be_planned_is_said_in_one_line(
    run: Any, before: Path, arguments: tuple[str, ...], words: str
) -> None:
    said = run("campaign", "plan", before, *arguments)
    assert said.status == 1
    assert words in said.err.splitlines()[-1]


def test_a_shop_that_is_too_small_is_told_so_and_may_go_on(run: Any, tmp_path: Path) -> None:
    lines = [(FIRST_DAY - timedelta(days=days), f"0812-0000-{n:04}", 20_000) for n in range(10) for days in (80, 170)]
    said = plan(run, write_sheet(tmp_path / "few.csv", lines), tmp_path)
    assert said.status == 0
    assert "most likely this campaign will end undecided" in said.out
    assert len(contacted(tmp_path)) == 7


def test_the_report_of_the_log_knows_what_campaigns_owe(run: Any, before: Path, tmp_path: Path) -> None:
    run("import", before)
    today = day_text(shop_day(machine_now(), timezone="Asia/Jakarta"))
    plan(run, before, tmp_path, "--first-day", today, "--voucher", "5000", "--valid-weeks", "26")
    n = len(contacted(tmp_path))
    of_the_log = run("customers", "report", "--json").document["cash"]["forecast"]
    assert of_the_log["liability_minor"] == n * 5_000 * 100
    # About half of the 26 weeks lie ahead within the forecast.
    assert 0 < of_the_log["redeemed_minor"] < of_the_log["liability_minor"]
    # A sheet knows nothing of campaigns.
    assert run("customers", "report", before, "--json").document["cash"]["forecast"]["liability_minor"] == 0
