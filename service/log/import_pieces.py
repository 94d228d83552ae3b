"""Pieces of an import: a bounded number of rows, as columns, that one short write stores.

A piece says everything it takes to store it, so it may be stored again after a lost answer, and by another process: the
writer of the log takes it as it is, the running service as MessagePack. Whoever decodes one has it checked.
"""

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta, Struct

from recommender.events import Kind
from service.log.catalogue import CatalogueItem
from service.log.names import UserKey

MOST_ROWS = 20_000
"""Rows of one piece."""

ACCEPTED = "a"
"""What became of a row: it is stored."""
UNNAMED = "u"
"""It is stored without its user, who asked to be forgotten."""
DUPLICATE = "d"
"""It was stored before."""
CHANGED = "c"
"""It is refused, since its id was used for other content."""
FORGOTTEN = "f"
"""It is refused, since its user asked to be forgotten; nothing of it may be kept."""

_NOBODY = -1

Row = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Instant = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Minor = Annotated[int, Meta(ge=-(2**63) + 1, le=2**63 - 1)]
Quantity = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Seconds = Annotated[float, Meta(ge=0)]
RowId = Annotated[str, Meta(min_length=1, max_length=128)]
Name = Annotated[str, Meta(min_length=1, max_length=256)]
Code = Annotated[str, Meta(min_length=3, max_length=3)]
Hash = Annotated[bytes, Meta(min_length=16, max_length=16)]
FeedId = Annotated[str, Meta(max_length=64)]


class EventPiece(Struct, frozen=True, kw_only=True, tag="events", forbid_unknown_fields=True):
    """Events; every column has one value per row, but for ``users`` and ``items``, in which each name stands once."""

    ids: list[RowId]
    payload_hashes: list[Hash]
    kinds: list[Annotated[int, Meta(ge=int(min(Kind)), le=int(max(Kind)))]]
    users: list[UserKey]
    user_places: list[int]
    """Of each row its user's place in ``users``, -1 for an anonymous sale."""
    items: list[Name]
    item_places: list[int]
    at: list[Instant]
    sent_at: list[Instant | None]
    feed_ids: list[FeedId | None]
    order_ids: list[Annotated[str, Meta(max_length=128)] | None]
    quantities: list[Quantity | None]
    amounts_minor: list[Annotated[int, Meta(ge=0, le=2**63 - 1)] | None]
    currencies: list[Code | None]
    seconds_watched: list[Seconds | None]
    seconds_total: list[Seconds | None]
    costs_minor: list[Annotated[int, Meta(ge=0, le=2**63 - 1)] | None]
    fees_minor: list[Annotated[int, Meta(ge=0, le=2**63 - 1)] | None]

    def __post_init__(self) -> None:
        """Checks what no type says.

        Raises:
            ValueError: If columns differ in length, or a place or name does not exist.
        """
        _check_lengths(self, len(self.ids), but=("users", "items"))
        _check_places(self.user_places, len(self.users), least=_NOBODY, subject="user_places")
        _check_places(self.item_places, len(self.items), least=0, subject="item_places")
        if not all(0 < len(user.external_id) <= 256 for user in self.users):
            raise ValueError("users must have ids of 1 to 256 characters")


class ExpensePiece(Struct, frozen=True, kw_only=True, tag="expenses", forbid_unknown_fields=True):
    """Expenses; every column has one value per row."""

    ids: list[RowId]
    at: list[Instant]
    categories: list[str]
    descriptions: list[str]
    payees: list[str]
    amounts_minor: list[Minor]
    currencies: list[Code]

    def __post_init__(self) -> None:
        """Checks that columns are equally long.

        Raises:
            ValueError: If they are not.
        """
        _check_lengths(self, len(self.ids))


class ItemPiece(Struct, frozen=True, kw_only=True, tag="items", forbid_unknown_fields=True):
    """What a file says of items."""

    items: list[CatalogueItem]

    def __post_init__(self) -> None:
        """Checks what no type says.

        Raises:
            ValueError: If there are too many items, or one is none.
        """
        _check_lengths(self, len(self.items))
        if not all(0 < len(item.external_id) <= 256 for item in self.items):
            raise ValueError("items must have ids of 1 to 256 characters")
        if not all(item.kind in ("product", "content") for item in self.items):
            raise ValueError("items must be of kind product or content")


class UserPiece(Struct, frozen=True, kw_only=True, tag="users", forbid_unknown_fields=True):
    """Where customers live, as far as a sales file says."""

    users: list[Name]
    countries: list[str]

    def __post_init__(self) -> None:
        """Checks that columns are equally long.

        Raises:
            ValueError: If they are not.
        """
        _check_lengths(self, len(self.users))


class LetterPiece(Struct, frozen=True, kw_only=True, tag="letters", forbid_unknown_fields=True):
    """Rows that were refused, to be kept with their reasons; the pieces of an import go on in the order of the file."""

    row_numbers: list[Row]
    reasons: list[str]
    payloads: list[str]

    def __post_init__(self) -> None:
        """Checks that columns are equally long, and rows in order.

        Raises:
            ValueError: If they are not.
        """
        _check_lengths(self, len(self.row_numbers))
        if any(later <= row for row, later in zip(self.row_numbers, self.row_numbers[1:], strict=False)):
            raise ValueError("row_numbers must rise")


Piece = EventPiece | ExpensePiece | ItemPiece | UserPiece | LetterPiece


def _check_lengths(piece: Struct, n_rows: int, *, but: Sequence[str] = ()) -> None:
    lengths = {name: len(getattr(piece, name)) for name in piece.__struct_fields__}
    if any(length != n_rows for name, length in lengths.items() if name not in but):
        raise ValueError(f"all columns must have {n_rows} values, got {lengths}")
    if max(lengths.values()) > MOST_ROWS:
        raise ValueError(f"a piece takes at most {MOST_ROWS} rows, got {lengths}")


def _check_places(places: Sequence[int], n_names: int, *, least: int, subject: str) -> None:
    if places and not least <= min(places) <= max(places) < n_names:
        raise ValueError(f"{subject} must be {least} to {n_names - 1}, got {min(places)} to {max(places)}")
