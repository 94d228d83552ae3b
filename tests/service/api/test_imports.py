"""Promises of ``/v1/imports``: a request sent again changes nothing, and a piece is checked before it is stored."""

from typing import Any

import msgspec
import pytest
from sqlalchemy import func, select

from recommender.events import Kind
from service.log.catalogue import CatalogueItem
from service.log.import_pieces import MOST_ROWS, EventPiece, ExpensePiece, ItemPiece, LetterPiece, Piece, UserPiece
from service.log.names import UserKey
from service.log.tables import dead_letters, events, expenses, imports, users

AT = 1_760_000_000_000_000


def sold(*ids: str, **changes: Any) -> EventPiece:
    columns = {
        "ids": list(ids),
        "payload_hashes": [b"0" * 16 for _ in ids],
        "kinds": [int(Kind.PURCHASE) for _ in ids],
        "users": [UserKey(False, "anna")],
        "user_places": [0 for _ in ids],
        "items": ["p1"],
        "item_places": [0 for _ in ids],
        "at": [AT for _ in ids],
        "amounts_minor": [250 for _ in ids],
        "currencies": ["GBP" for _ in ids],
    }
    optional = ("sent_at", "feed_ids", "order_ids", "quantities", "seconds_watched", "seconds_total")
    optional = (*optional, "costs_minor", "fees_minor")
    return EventPiece(**{**columns, **{name: [None for _ in ids] for name in optional}, **changes})  # type: ignore[arg-type]


def begin(shop: Any, kind: str = "sales") -> int:
    answer = shop.ask("POST", "/v1/imports", json={"file_name": "sales.csv", "kind": kind})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["import_id"])


def send(shop: Any, import_id: int, piece: Piece | dict[str, Any]) -> Any:
    return shop.ask("POST", f"/v1/imports/{import_id}/rows", content=msgspec.msgpack.encode(piece))


def results(shop: Any, import_id: int, piece: Piece) -> str:
    answer = send(shop, import_id, piece)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["results"])


def count(shop: Any, table: Any) -> int:
    with shop.services.database.reader.connect() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def test_a_piece_sent_again_is_stored_once_and_says_so(either_shop: Any) -> None:
    shop, import_id = either_shop, begin(either_shop)
    spent = ExpensePiece(
        ids=["r1"], at=[AT], categories=["rent"], descriptions=[""], payees=[""], amounts_minor=[5], currencies=["GBP"]
    )
    letters = LetterPiece(row_numbers=[3, 9], reasons=["bad", "worse"], payloads=["{}", "{}"])
    located = UserPiece(users=["anna"], countries=["Indonesia"])
    said = [[results(shop, import_id, piece) for piece in (sold("a", "b"), spent, letters, located)] for _ in range(2)]
    assert said == [["aa", "a", "", ""], ["dd", "d", "", ""]]
    assert [count(shop, table) for table in (events, expenses, dead_letters, users)] == [2, 1, 2, 1]
    assert results(shop, import_id, sold("b", "c", payload_hashes=[b"1" * 16] * 2)) == "ca"


def test_letters_go_on_after_the_last_one_kept(shop: Any) -> None:
    import_id = begin(shop)
    for rows in ([2, 3], [3, 5], [5, 8]):
        send(shop, import_id, LetterPiece(row_numbers=rows, reasons=["bad"] * 2, payloads=["{}"] * 2))
    with shop.services.database.reader.connect() as connection:
        assert connection.execute(select(dead_letters.c.row_number)).scalars().all() == [2, 3, 5, 8]


def test_a_finished_import_keeps_its_first_account_and_takes_no_more_rows(shop: Any) -> None:
    import_id = begin(shop)
    for rows_read in (1, 2):
        report = {"rows_read": rows_read, "stored": {"purchase": 1}, "reading": {"mapping": {"item": "SKU"}}}
        answer = shop.ask("POST", f"/v1/imports/{import_id}/finish", json={"report": report})
        assert answer.status_code == 200
    with shop.services.database.reader.connect() as connection:
        assert connection.execute(select(imports.c.report)).scalar_one()["rows_read"] == 1
    answer = send(shop, import_id, sold("late"))
    assert (answer.status_code, count(shop, events)) == (409, 0)
    assert "import the file again" in answer.json()["detail"]


def test_an_imported_sale_is_in_the_next_feed_and_gone_when_undone(shop: Any) -> None:
    import_id = begin(shop)
    item = CatalogueItem(external_id="new", kind="product", title="New", published_at=AT, known_from="sales")
    assert results(shop, import_id, ItemPiece(items=[item])) == ""
    assert results(shop, import_id, sold("a", items=["new"])) == "a"
    shop.ask("POST", f"/v1/imports/{import_id}/finish", json={"report": {}})
    assert "new" in {shown["item_id"] for shown in shop.feed(limit=20)["items"]}
    undone = [shop.ask("POST", f"/v1/imports/{import_id}/undo").json()["removed"] for _ in range(2)]
    assert [(removed["events"], removed["items"]) for removed in undone] == [(1, 1), (0, 0)]
    assert "new" not in {shown["item_id"] for shown in shop.feed(limit=20)["items"]}


@pytest.mark.parametrize("step", ["rows", "finish", "undo"])
def test_an_import_that_was_never_begun_is_not_found(shop: Any, step: str) -> None:
    body = msgspec.msgpack.encode(sold("a")) if step == "rows" else b'{"report": {}}'
    for number, status in ((99, 404), (2**63, 400), (0, 400)):
        assert shop.ask("POST", f"/v1/imports/{number}/{step}", content=body).status_code == status


SENT = msgspec.to_builtins(sold("a", "b"), builtin_types=(bytes,))
BAD_PIECES: dict[str, tuple[dict[str, Any], str]] = {
    "of unequal columns": ({"at": [AT]}, "columns must have 2 values"),
    "of no user": ({"user_places": [0, 1]}, "user_places must be -1 to 0"),
    "of no item": ({"item_places": [0, -1]}, "item_places must be 0 to 0"),
    "of an unknown kind": ({"kinds": [10, 99]}, "$.kinds[1]"),
    "of no type": ({"type": "orders"}, "orders"),
    "of an unnamed user": ({"users": [[False, ""]]}, "1 to 256 characters"),
    "before 1970": ({"at": [AT, -1]}, "$.at[1]"),
    "of too much money": ({"amounts_minor": [1, 2**63]}, "amounts_minor"),
    "of a text no database keeps": ({"order_ids": ["o", "\0"]}, "U+0000"),
    "of an endless id": ({"ids": ["a", "b" * 129]}, "$.ids[1]"),
    "of a half hash": ({"payload_hashes": [b"0" * 16, b"0" * 8]}, "payload_hashes"),
    "of unknown columns": ({"colour": []}, "colour"),
}


@pytest.mark.parametrize("case", BAD_PIECES)
def test_a_piece_is_refused_whole_with_the_reason(shop: Any, case: str) -> None:
    changes, words = BAD_PIECES[case]
    answer = send(shop, begin(shop), {**SENT, **changes})
    assert answer.status_code == 400
    assert words in answer.json()["detail"]
    assert count(shop, events) == 0


def test_too_many_rows_at_once_are_refused(shop: Any) -> None:
    users_ = UserPiece(users=["u"] * (MOST_ROWS - 1), countries=["x"] * (MOST_ROWS - 1))
    assert send(shop, begin(shop), users_).status_code == 200
    too_many = {"type": "users", "users": ["u"] * (MOST_ROWS + 1), "countries": ["x"] * (MOST_ROWS + 1)}
    answer = send(shop, begin(shop), too_many)
    assert (answer.status_code, f"at most {MOST_ROWS} rows" in answer.json()["detail"]) == (400, True)


@pytest.mark.parametrize("body", [b"", b"{}", b"\xc1", b"\x91" * 100_000, msgspec.msgpack.encode([1])])
def test_what_is_no_piece_at_all_is_refused(shop: Any, body: bytes) -> None:
    import_id = begin(shop)
    assert shop.ask("POST", f"/v1/imports/{import_id}/rows", content=body).status_code == 400
    assert shop.ask("POST", f"/v1/imports/{import_id}/finish", content=body).status_code == 400
    assert shop.ask("POST", "/v1/imports", content=body).status_code == 400


def test_rows_are_counted_in_a_metric(shop: Any) -> None:
    import_id = begin(shop)
    for _ in range(2):
        results(shop, import_id, sold("a", "b"))
    text = shop.ask("GET", "/metrics").text
    for result in ("accepted", "duplicate"):
        assert f'kembang_entries_total{{result="{result}",what="imported row"}} 2.0' in text
