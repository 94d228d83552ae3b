"""A visitor who logs in: merged into the user in pieces, so that no feed waits for a long history."""

from service.log.merging import Moved, begin_merge, move_piece
from service.log.names import UserKey
from service.log.writer import Writer


def merged(writer: Writer, user: UserKey, visitor: UserKey, *, now: int) -> Moved:
    """What became the user's; nothing if the two were merged before.

    Args:
        writer: The log's writer.
        user: The user.
        visitor: The visitor who turned out to be that user.
        now: Microseconds UTC.

    Raises:
        MergeRefused: If the visitor is another user's, or one of the two asked to be forgotten.
        LogBusy: If too many writes are waiting; merging again finishes what was begun.
    """
    merge = writer.run(lambda connection: begin_merge(connection, user, visitor, now=now))
    moved, is_done = merge.moved, False
    while not is_done:
        piece, is_done = writer.run(lambda connection: move_piece(connection, merge))
        moved += piece
    return moved
