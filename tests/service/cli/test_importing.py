"""Promises of ``kembang import``: every row accounted for, nothing counted twice, and taken out again when asked."""

import gzip
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

HEADINGS = "Invoice,SKU,Title,Qty,Date,Price,Customer,Country"
TEA = "1001,tea,Green tea,2,2026-03-02 10:00,2.50,anna,Indonesia"
CUP = "1002,cup,Cup,1,2026-03-03 10:00,4.00,anna,Indonesia"
NEW = "1003,cup,Cup,1,2026-03-04 10:00,4.00,ben,France"
BAD = "1004,cup,Cup,many,2026-03-05 10:00,4.00,ben,France"


def adds_up(account: dict[str, Any]) -> bool:
    sorted_ = sum(account["stored"].values()) + account["duplicates"] + sum(account["refused"].values())
    return bool(sorted_ == account["rows_read"])


def test_every_row_is_stored_duplicate_or_refused(run: Any, write_sales: Any, count_rows: Any) -> None:
    """Sold: 5.00 + 4.00 + 2.50 + 5.00 to customers and 12.00 to somebody; refunded: 2.50."""
    said = run("import", write_sales(), "--json")
    account = said.document
    assert said.status == 0
    assert account["rows_read"] == 8
    assert account["stored"] == {"purchase": 4, "refund": 1, "free": 1, "anonymous": 1}
    assert account["refused"] == {"bad_quantity": 1}
    assert account["duplicates"] == 0
    assert account["money"] == {"GBP": {"purchases": "28.50", "refunds": "2.50", "net": "26.00"}}
    assert adds_up(account)
    assert count_rows("events") == 7


def test_the_text_says_what_the_document_says(run: Any, write_sales: Any) -> None:
    said = run("import", write_sales())
    assert said.status == 0
    for words in ("8 rows read", "4 purchase, 1 refund, 1 free, 1 anonymous", "1 bad_quantity", "28.50 sold - 2.50"):
        assert words in said.out


def test_a_dry_run_says_what_the_import_then_does_and_writes_nothing(run: Any, home: Path, write_sales: Any) -> None:
    file = write_sales()
    foreseen = run("import", file, "--dry-run", "--json").document
    assert not home.exists()
    done = run("import", file, "--json").document
    assert (foreseen.pop("dry_run"), done.pop("dry_run")) == (True, False)
    assert (foreseen.pop("import_id"), done.pop("import_id")) == (None, 1)
    assert foreseen.pop("refused_file") is None
    assert done.pop("refused_file") == str(file.with_name("sales.refused.csv"))
    assert foreseen == done


def test_a_dry_run_beside_a_log_knows_the_duplicates_and_still_writes_nothing(
    run: Any, write_sales: Any, count_rows: Any
) -> None:
    run("import", write_sales([TEA, CUP]))
    grown = write_sales([TEA, CUP, NEW])
    before = [count_rows(table) for table in ("events", "items", "users", "imports", "dead_letters")]
    foreseen = run("import", grown, "--dry-run", "--json").document
    assert (foreseen["stored"]["purchase"], foreseen["duplicates"]) == (1, 2)
    assert [count_rows(table) for table in ("events", "items", "users", "imports", "dead_letters")] == before
    assert run("import", grown, "--json").document["stored"] == foreseen["stored"]


def test_importing_again_stores_nothing_new_and_says_so(run: Any, write_sales: Any, count_rows: Any) -> None:
    file = write_sales()
    run("import", file)
    again = run("import", file, "--json").document
    assert (sum(again["stored"].values()), again["duplicates"]) == (0, 7)
    assert adds_up(again)
    assert (count_rows("events"), count_rows("items"), count_rows("users")) == (7, 2, 2)


def test_a_grown_file_adds_only_its_new_rows(run: Any, write_sales: Any, count_rows: Any) -> None:
    run("import", write_sales([TEA, TEA, CUP], name="march.csv"))
    grown = run("import", write_sales([TEA, CUP, NEW, TEA, TEA], name="april.csv"), "--json").document
    assert (grown["stored"]["purchase"], grown["duplicates"]) == (2, 3)
    assert count_rows("events") == 5


def test_a_refused_row_is_a_letter_to_its_owner_with_the_row_as_a_spreadsheet_counts_it(
    run: Any, home: Path, write_sales: Any
) -> None:
    account = run("import", write_sales([TEA, "", CUP, BAD]), "--json").document
    with closing(sqlite3.connect(home / "kembang.sqlite3")) as log:
        letters = log.execute("SELECT origin, import_id, row_number, reason, payload FROM dead_letters").fetchall()
    (origin, import_id, row_number, reason, payload) = letters[0]
    assert (len(letters), origin, import_id, row_number) == (1, "import", account["import_id"], 5)
    assert reason == "bad_quantity: Qty 'many': this is no number"
    assert json.loads(payload)["Invoice"] == "1004"


def test_an_item_sold_is_in_the_catalogue_and_a_customers_country_is_known(
    run: Any, home: Path, write_sales: Any
) -> None:
    run("import", write_sales())
    with closing(sqlite3.connect(home / "kembang.sqlite3")) as log:
        titles = log.execute("SELECT external_id, title, price_minor, known_from FROM items ORDER BY 1").fetchall()
        countries = dict(log.execute("SELECT external_id, attributes FROM users"))
    assert titles == [("cup", "Cup", 400, "sales"), ("tea", "Green tea", 250, "sales")]
    assert {user: json.loads(said) for user, said in countries.items()} == {
        "anna": {"country": "Indonesia"},
        "ben": {"country": "France"},
    }


def test_columns_can_be_named_and_currency_and_time_zone_said(run: Any, home: Path, write_sales: Any) -> None:
    """Midnight in Jakarta is 17:00 UTC of the day before; 1,772,384,400 seconds after 1970 is 2026-03-01 17:00."""
    file = write_sales(["a,2,2026-03-02 00:00,5000"], headings="what,how many,when,worth each")
    mapped = [f"--map={pair}" for pair in ("item=what", "quantity=how many", "at=when", "price=worth each")]
    account = run("import", file, *mapped, "--currency", "idr", "--timezone", "Asia/Jakarta", "--json").document
    assert account["money"] == {"IDR": {"purchases": "10000.00", "refunds": "0.00", "net": "10000.00"}}
    with closing(sqlite3.connect(home / "kembang.sqlite3")) as log:
        assert log.execute("SELECT at FROM events").fetchone() == (1_772_384_400_000_000,)


def test_several_files_are_one_document_and_a_broken_one_takes_nothing_from_the_others(
    run: Any, write_sales: Any, tmp_path: Path, count_rows: Any
) -> None:
    good = write_sales([TEA], name="good.csv")
    said = run("import", good, tmp_path / "gone.csv", write_sales([CUP], name="later.csv"), "--json")
    assert said.status == 1
    assert [account["file"] for account in said.document] == ["good.csv"]
    assert "gone.csv can't be read" in said.err
    assert count_rows("events") == 1
    both = run("import", good, write_sales([CUP], name="later.csv"), "--json")
    assert (both.status, [account["duplicates"] for account in both.document]) == (0, [1, 0])


def test_a_file_of_which_no_row_is_usable_is_a_failure_that_keeps_its_letters(
    run: Any, write_sales: Any, count_rows: Any
) -> None:
    said = run("import", write_sales([BAD, BAD]), "--json")
    assert said.status == 1
    assert said.document["refused"] == {"bad_quantity": 2}
    assert said.err.endswith("kembang: every row of sales.csv was refused, for the reasons above\n")
    assert (count_rows("events"), count_rows("dead_letters")) == (0, 2)


def test_the_guess_is_shown_before_anything_is_stored(run: Any, home: Path, write_sales: Any) -> None:
    said = run("import", write_sales(), "--dry-run", "--json")
    for words in ("read as sales", "item = 'SKU'", "user = 'Customer'", "dates day first", "decimal mark '.'"):
        assert words in said.err
    assert not home.exists()


def test_money_that_was_there_before_is_not_told_as_new(run: Any, write_sales: Any) -> None:
    run("import", write_sales([TEA, CUP]))
    again = run("import", write_sales([TEA, CUP]))
    assert "9.00 sold - 0.00 refunded = 9.00 in the file" in again.out
    assert "nothing newly stored" in again.out
    grown = run("import", write_sales([TEA, CUP, NEW]))
    assert "13.00 sold - 0.00 refunded = 13.00 in the file" in grown.out
    assert "4.00 sold - 0.00 refunded = 4.00 newly stored" in grown.out


def test_a_refused_row_mended_in_its_file_adds_exactly_that_row(
    run: Any, write_sales: Any, count_rows: Any, tmp_path: Path
) -> None:
    refused = Path(run("import", write_sales([TEA, BAD, CUP]), "--json").document["refused_file"])
    assert refused == tmp_path / "sales.refused.csv"
    text = refused.read_text(encoding="utf-8-sig")
    assert text.splitlines()[0] == f"{HEADINGS},kembang: why refused"
    unmended = run("import", refused, "--json").document
    assert (unmended["rows_read"], unmended["refused"]) == (1, {"bad_quantity": 1})
    assert unmended["refused_file"] == str(refused)  # it says the same
    refused.write_text(text.replace("many", "7"), encoding="utf-8-sig")
    mended = run("import", refused, "--json").document
    assert (mended["rows_read"], sum(mended["stored"].values()), mended["refused"]) == (1, 1, {})
    assert mended["stored_money"] == {"GBP": {"purchases": "28.00", "refunds": "0.00", "net": "28.00"}}
    assert count_rows("events") == 3


def test_the_owner_may_name_the_file_of_refused_rows(run: Any, write_sales: Any, tmp_path: Path) -> None:
    file = write_sales([TEA, BAD])
    named = run("import", file, "--refused", tmp_path / "to mend.csv", "--json").document["refused_file"]
    assert named == str(tmp_path / "to mend.csv")
    assert not (tmp_path / "sales.refused.csv").exists()
    said = run("import", file, file, "--refused", tmp_path / "both.csv")
    assert (said.status, said.out) == (2, "")


def test_an_undone_import_is_gone_from_the_log_and_listed_as_undone(
    run: Any, write_sales: Any, count_rows: Any
) -> None:
    run("import", write_sales([TEA], name="march.csv"))
    wrong = run("import", write_sales([TEA, CUP, NEW, BAD], name="april.csv"), "--json").document["import_id"]
    undone = run("import", "--undo", wrong, "--json").document
    assert undone["removed"] == {"events": 2, "expenses": 0, "dead_letters": 1, "items": 1, "users": 1}
    assert (count_rows("events"), count_rows("dead_letters")) == (1, 0)
    assert run("import", "--undo", wrong, "--json").document["removed"]["events"] == 0
    listed = run("import", "--list", "--json").document["imports"]
    assert [(one["file"], one["became"]) for one in listed] == [("march.csv", "finished"), ("april.csv", "undone")]
    assert "april.csv  undone" in run("import", "--list").out
    again = run("import", write_sales([TEA, CUP, NEW, BAD], name="april.csv"), "--json").document
    assert (sum(again["stored"].values()), again["duplicates"]) == (2, 1)


EXPENSES = """tanggal,keterangan,kategori,jumlah
2026-03-01,sewa toko,sewa,1500000
2026-03-02,iklan,iklan,250000
2026-03-02,iklan,iklan,250000
besok,iklan,iklan,250000
"""
SENT_EVENTS = """id,kind,user_id,visitor_id,item_id,at,amount,currency,quantity
a1,view,anna,,tea,2026-03-02T10:00:00Z,,,
a2,purchase,,br1,tea,2026-03-02T10:00:00Z,2.50,GBP,1
a2,purchase,,br1,tea,2026-03-02T10:00:00Z,2.50,GBP,1
a2,purchase,,br2,tea,2026-03-02T10:00:00Z,2.50,GBP,1
a3,dance,anna,,tea,2026-03-02T10:00:00Z,,,
"""
CATALOGUE = """id,kind,title,categories,price,currency
tea,product,Tea,green|loose,2.50,GBP
film,content,Film,,,
x,thing,X,,,
"""
OTHER_FILES = {
    "expenses": (EXPENSES, {"expense": 3}, 0, 1),
    "events": (SENT_EVENTS, {"view": 1, "purchase": 1}, 1, 2),
    "items": (CATALOGUE, {"item": 2}, 0, 1),
}


@pytest.mark.parametrize("kind", OTHER_FILES)
def test_every_kind_of_file_adds_up(run: Any, tmp_path: Path, kind: str) -> None:
    text, stored, n_duplicates, n_refused = OTHER_FILES[kind]
    file = tmp_path / f"{kind}.csv"
    file.write_text(text)
    foreseen = run("import", file, "--dry-run", "--json").document
    account = run("import", file, "--json").document
    assert (account["kind"], account["stored"], account["duplicates"]) == (kind, stored, n_duplicates)
    assert sum(account["refused"].values()) == n_refused
    assert adds_up(account)
    for name in ("stored", "duplicates", "refused", "catalogue"):
        assert foreseen[name] == account[name]
    assert run("import", file).status == 0


def test_the_owner_may_say_what_a_file_holds(run: Any, write_sales: Any) -> None:
    assert run("import", write_sales(), "--as", "sales", "--json").document["kind"] == "sales"
    refused = run("import", write_sales(), "--as", "expenses")
    assert refused.status == 1


def test_an_import_that_never_was_can_t_be_undone_nor_listed(run: Any, home: Path, write_sales: Any) -> None:
    for options in (["--undo", "1"], ["--list"]):
        assert run("import", *options).explains("there is no log")
    assert not (home / "kembang.sqlite3").exists()
    run("import", write_sales())
    assert run("import", "--undo", "7").explains("there is no import 7", "--list")


@pytest.mark.parametrize("arguments", [[], ["--list", "--undo", "1"], ["sales.csv", "--undo", "1"]])
def test_what_to_do_must_be_said_once(run: Any, arguments: list[str]) -> None:
    said = run("import", *arguments)
    assert (said.status, said.out) == (2, "")
    assert "give either FILES, or --undo ID, or --list" in said.err


UNREADABLE: dict[str, tuple[str, bytes, list[str]]] = {
    "empty": ("sales.csv", b"", ["sales.csv is empty"]),
    "headings only": ("sales.csv", b"Invoice,SKU,Date,Price\n", ["no rows below it"]),
    "a workbook": ("sales.csv", b"PK\x03\x04" + bytes(64), ["damaged", "fetch it again"]),
    "a workbook by name": ("sales.xlsx", b"Invoice,SKU\n1,2\n", ["named .xlsx", "rename it to .csv"]),
    "json": ("sales.csv", b'[{"sku": "tea"}]', ["one JSON array", "one object per line"]),
    "not compressed": ("sales.csv.gz", b"Invoice,SKU\n1,2\n", ["not compressed", "rename it"]),
    "cut off": (
        "sales.csv.gz",
        gzip.compress(b"Invoice,SKU\n" * 99, mtime=0)[:-9],
        ["cut off or damaged", "fetch it again"],
    ),
    "binary": ("sales.csv", bytes(range(256)) * 9, ["binary data", "Supported: CSV"]),
    "no date": (
        "sales.csv",
        b"Invoice,SKU,Price\n1,tea,2.50\n",
        ["no column for the date", "'Invoice', 'SKU', 'Price'", "--map at=COLUMN"],
    ),
    "no item": (
        "sales.csv",
        b"Invoice,Date,Price\n1,2026-03-02,2.50\n",
        ["no column for what was sold", "'Invoice', 'Date', 'Price'", "--map item=COLUMN"],
    ),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_a_file_that_is_no_table_of_sales_says_what_it_is_and_what_to_do(
    run: Any, home: Path, tmp_path: Path, case: str
) -> None:
    name, content, words = UNREADABLE[case]
    (tmp_path / name).write_bytes(content)
    for options in ([], ["--dry-run"], ["--json"]):
        said = run("import", tmp_path / name, *options)
        assert said.status == 1
        assert said.explains(name, *words)
    assert not home.exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--map", "colour=SKU"], ["no field 'colour'", "order_id, item, title"]),
        (["--map", "item=Colour"], ["no column 'Colour'", "'Invoice', 'SKU'"]),
        (["--currency", "pounds"], ["--currency", "'POUNDS'"]),
        (["--timezone", "Europe"], ["--timezone", "'Europe'"]),
    ],
)
def test_an_option_that_fits_no_file_says_what_would(
    run: Any, home: Path, write_sales: Any, options: list[str], words: list[str]
) -> None:
    said = run("import", write_sales(), *options)
    assert said.status == 1
    assert said.explains(*words)
    assert not home.exists()


def test_a_missing_equals_sign_in_map_is_wrong_usage(run: Any, home: Path, write_sales: Any) -> None:
    said = run("import", write_sales(), "--map", "item")
    assert (said.status, said.out) == (2, "")
    assert "--map must be FIELD=COLUMN, got 'item'" in said.err
    assert not home.exists()


def test_online_retail_is_accounted_for_to_the_row_and_the_penny(run: Any, data_folder: Path, count_rows: Any) -> None:
    """541,909 lines and 135,080 without a customer: UCI's description. 9,747,747.93: quantity x price, summed."""
    said = run("import", data_folder / "online-retail" / "online_retail.csv.gz", "--json")
    account = said.document
    assert said.status == 0
    assert account["rows_read"] == 541_909
    assert account["stored"]["anonymous"] == 135_080
    assert account["money"]["GBP"]["net"] == "9747747.93"
    assert adds_up(account)
    assert count_rows("events") == sum(account["stored"].values())
    # 4,372 customers; UCI counts them so.
    assert count_rows("users") == account["users"] == 4_372
