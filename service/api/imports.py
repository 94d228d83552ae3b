"""``/v1/imports``: how ``kembang import`` stores a file through the service that holds the log.

The command reads the file; what arrives here are rows, in pieces small enough that feeds in between are not late. Every
request may be sent again after a lost answer: rows are known by their ids, letters by their row, and a finished import
stays as it is.
"""

import asyncio
from collections import Counter
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import PathParameter, RawBody
from msgspec import Meta, Struct

from service.api.answers import body_refusals, refusals
from service.api.batches import operation_with, struct_schema
from service.api.requests import request_now
from service.api.text import storable
from service.jobs.undoing import undone_import
from service.log import import_pieces
from service.log.imports import begin_import, finish_import, store_import_piece
from service.problems import RequestRefused
from service.wiring import Services

MOST_BYTES = 100_000
MOST_PIECE_BYTES = 8_000_000
"""Of ``import_pieces.MOST_ROWS`` rows with texts far longer than usual."""

ImportId = Annotated[int, PathParameter(ge=1, le=2**63 - 1, description="The number that beginning it gave.")]

_Leaf = str | int | float | bool | None
_Part = _Leaf | list[_Leaf] | dict[str, _Leaf]
Said = _Leaf | list[_Leaf] | dict[str, _Part]
"""What a report says under one name; as deep as reports are, since JSON without a floor would break its readers."""

_RESULTS = {
    import_pieces.ACCEPTED: "accepted",
    import_pieces.UNNAMED: "accepted",
    import_pieces.DUPLICATE: "duplicate",
    import_pieces.CHANGED: "rejected",
    import_pieces.FORGOTTEN: "rejected",
}


class NewImport(Struct, forbid_unknown_fields=True):
    """A file that is about to be stored."""

    file_name: Annotated[
        str, Meta(min_length=1, max_length=1_000, extra_json_schema={"pattern": r"^[^\x00]*$"})
    ]  # ``storable`` refuses U+0000; the pattern is for the documentation
    kind: Literal["sales", "expenses", "events", "items"]


class BegunImport(Struct):
    """The number that every further request about the import names."""

    import_id: int


class PieceResults(Struct):
    """What became of each row of a piece, in order.

    A letter each: ``a`` stored, ``u`` stored without its user, who asked to be forgotten, ``d`` stored before, ``c``
    refused for other content under a used id, ``f`` refused since its user asked to be forgotten.
    """

    results: str


class ImportReport(Struct, forbid_unknown_fields=True):
    """What became of a file, in the shape of the command's JSON."""

    report: dict[str, Said]


class FinishedImport(Struct):
    """The import, which takes no more rows."""

    import_id: int


class RemovedRows(Struct):
    """How many rows went, and of how many items and users what was known of them."""

    events: int
    expenses: int
    dead_letters: int
    items: int
    users: int


class UndoneImport(Struct):
    """An import that is out of the log."""

    import_id: int
    file: str
    removed: RemovedRows


@post(
    "/v1/imports",
    status_code=201,
    request_max_body_size=MOST_BYTES,
    operation_class=operation_with(struct_schema(NewImport)),
    responses=body_refusals(),
    summary="Begin an import",
)
async def post_import(
    body: RawBody, request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> BegunImport:
    """Gives a new import its number."""
    new, now = storable(body, NewImport), request_now(request, services)
    import_id = await asyncio.wrap_future(
        services.writer.submit(lambda c: begin_import(c, file_name=new.file_name, kind=new.kind, now=now))
    )
    return BegunImport(import_id)


@post(
    "/v1/imports/{import_id:int}/rows",
    status_code=200,
    request_max_body_size=MOST_PIECE_BYTES,
    operation_class=operation_with({"type": "string", "format": "binary"}, media_type="application/octet-stream"),
    responses=body_refusals(404, 409),
    summary="Store a piece of an import",
)
async def post_import_rows(
    import_id: ImportId, body: RawBody, request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> PieceResults:
    """Stores a piece of ``service.log.import_pieces`` as MessagePack, and says of each row what became of it."""
    now = request_now(request, services)
    piece = await asyncio.to_thread(_piece, body)
    results = await asyncio.wrap_future(
        services.writer.submit(lambda c: store_import_piece(c, import_id, piece, now=now))
    )
    for letter, n_rows in Counter(results).items():
        services.metrics.entries.labels("imported row", _RESULTS[letter]).inc(n_rows)
    return PieceResults(results)


@post(
    "/v1/imports/{import_id:int}/finish",
    status_code=200,
    request_max_body_size=MOST_BYTES,
    operation_class=operation_with(struct_schema(ImportReport)),
    responses=body_refusals(404, 409),
    summary="Finish an import",
)
async def post_import_finish(
    import_id: ImportId, body: RawBody, request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> FinishedImport:
    """Keeps the account of an import; of one that is finished already the first account stays."""
    now = request_now(request, services)
    report = storable(body, ImportReport).report
    await asyncio.wrap_future(services.writer.submit(lambda c: finish_import(c, import_id, report=report, now=now)))
    await asyncio.to_thread(services.catalogue.refresh)
    return FinishedImport(import_id)


@post(
    "/v1/imports/{import_id:int}/undo",
    status_code=200,
    responses=refusals(404, 409, 503),
    sync_to_thread=True,
    summary="Take an import out again",
)
def post_import_undo(
    import_id: ImportId, request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> UndoneImport:
    """Takes everything out that only this import brought; the answer comes when it is gone."""
    now = request_now(request, services)
    undone = undone_import(
        services.database.reader, services.writer, import_id, now=lambda: now, on_progress=lambda _doing, _share: None
    )
    services.catalogue.refresh()
    return msgspec.convert(undone, UndoneImport)


def _piece(body: bytes) -> import_pieces.Piece:
    """The piece, checked, none of whose texts a database refuses.

    Raises:
        RequestRefused: If it is none.
    """
    try:
        piece: import_pieces.Piece = msgspec.msgpack.decode(body, type=import_pieces.Piece)
    except RecursionError:
        raise RequestRefused("the body is nested too deeply") from None
    except (msgspec.DecodeError, UnicodeDecodeError, OverflowError) as error:
        raise RequestRefused(f"the body must be a piece of an import as MessagePack: {error}") from error
    storable(msgspec.json.encode(piece), msgspec.Raw)
    return piece
