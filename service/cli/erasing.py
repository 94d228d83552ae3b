"""``kembang erase``: through the running service where there is one, else straight on the log."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import click

from service.api.text import ID_CHARACTERS
from service.cli.output import json_option, print_json
from service.cli.writing import asked, service_url, written
from service.clock import machine_now
from service.jobs.erasing import erased
from service.jobs.importing.customer_ids import canonical_customer, shop_region
from service.log.database import open_for_reading
from service.log.dictionaries import user_ids
from service.log.names import UserKey
from service.log.suppressions import lift_suppression
from service.metrics import Metrics
from service.settings import Settings
from service.wiring import open_log

_ERASING_SECONDS = 600.0
"""How long to wait for the service: a long history is removed in pieces, and the files are searched afterwards."""


class NotErased(Exception):
    """Something of the person is left."""


@click.command()
@click.argument("user")
@click.option("--visitor", "is_visitor", is_flag=True, help="USER is the id of a visitor, not of a user.")
@click.option("--lift", is_flag=True, help="Let USER, once erased, come back: the same person, who agrees, as new.")
@json_option
def erase(*, user: str, is_visitor: bool, lift: bool, as_json: bool) -> None:
    """Forget USER: remove everything held on the person, for good, and print the receipt.

    Late events about the person are refused from then on. A phone number may be spelt as in the sales sheet.
    """
    settings = Settings.from_environment()
    # Whatever an import could store can be erased; the rules of a path hold only where one is asked for.
    if not 0 < len(user) <= ID_CHARACTERS:
        raise click.BadParameter(f"must be 1 to {ID_CHARACTERS} characters, got {len(user)}", param_hint="USER")
    key = UserKey(True, user) if is_visitor else _as_stored(settings, UserKey(False, user))
    if lift:
        _show_lifted(_lifted(settings, key), as_json=as_json)
        return
    receipt = _receipt(settings, key)
    if as_json:
        print_json(receipt)
    else:
        click.echo(receipt_text(receipt))
    if any(receipt["left"].values()):
        raise NotErased("the second look found rows stored in the meantime: erase once more")


def _as_stored(settings: Settings, key: UserKey) -> UserKey:
    """The user as the log calls her: an import keeps phone numbers in one form, however the sheet spells them."""
    region = shop_region(timezone=settings.timezone, currency=settings.currency)
    imported = UserKey(False, canonical_customer(key.external_id, region=region))
    if imported == key:
        return key
    try:
        database = open_for_reading(settings.database_url)
    except FileNotFoundError:
        return imported
    with database.reader.connect() as connection:
        is_known = bool(user_ids(connection, [key]))
    database.close()
    return key if is_known else imported


def receipt_text(receipt: Mapping[str, Any]) -> str:
    """The receipt for a terminal."""
    removed = ", ".join(f"{count:,} {table.replace('_', ' ')}" for table, count in receipt["removed"].items())
    lines = [f"erased as of {receipt['as_of']}", f"  removed      {removed}"]
    for currency, sums in receipt["money"].items():
        lines.append(f"  {currency}          {sums['purchases']} of purchases, {sums['refunds']} of refunds")
    for experiment, arms in receipt["experiments"].items():
        units = ", ".join(f"{count:,} of {arm}" for arm, count in arms.items())
        lines.append(f"  experiment   {experiment}: {units}")
    lines.append(f"  second look  {sum(receipt['left'].values()):,} rows left")
    lines.append(f"  storage      {receipt['storage']['note']}")
    lines += [f"  may remain   {said['where']}: {said['do']}" for said in receipt["may_remain"]]
    return "\n".join(lines)


def _receipt(settings: Settings, key: UserKey) -> dict[str, Any]:
    url = service_url(settings)
    if url is not None:
        return asked(url, "DELETE", _path(key), answer_seconds=_ERASING_SECONDS)
    with open_log(settings, Metrics()) as (database, writer):
        return erased(database, writer, settings, key, now=machine_now(), is_served=False)


def _lifted(settings: Settings, key: UserKey) -> bool:
    url = service_url(settings)
    if url is not None:
        return bool(asked(url, "DELETE", f"{_path(key)}/suppression")["lifted"])
    return written(settings, lambda connection: lift_suppression(connection, key))


def _show_lifted(lifted: bool, *, as_json: bool) -> None:
    if as_json:
        print_json({"lifted": lifted})
    else:
        click.echo("may come back, as new" if lifted else "was not on the list of the forgotten: nothing changed")


def _path(key: UserKey) -> str:
    """The address of a user or visitor.

    Raises:
        NotErased: If it is one that no address can name.
    """
    if "/" in key.external_id or not key.external_id.isprintable():
        raise NotErased(f"a running service can't be told the name {key.external_id!r}: stop it, then run this again")
    return f"/v1/{'visitors' if key.is_visitor else 'users'}/{quote(key.external_id, safe='')}"
