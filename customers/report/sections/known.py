"""What customers known today are projected to order, and how such projections did before."""

from typing import Any

from customers.forecasts.lifetime_value import FEWEST_CUSTOMERS
from customers.report.blocks import Block, Paragraph, Section, Table
from customers.report.words.speech import Speech


def known_section(document: dict[str, Any], words: Speech) -> Section | None:
    """The projection beside what a spreadsheet would have said in the shop's own past; None without a projection."""
    projection = document["projection"]
    if projection["orders"] is None:
        return None
    blocks: list[Block] = [Paragraph(f"{_claim(document, words)} {_checked(projection, words)}")]
    if projection["fallback"] is not None:
        method = words.say(f"method.{projection['fallback']}")
        blocks.append(Paragraph(words.say("known.fallback", method=method), "warning"))
    if projection["leans_on_other_shops"]:
        blocks.append(Paragraph(words.say("known.leans", need=FEWEST_CUSTOMERS), "warning"))
    if projection["methods"]:
        blocks += [_methods(projection, words), Paragraph(words.say("known.note"), "note")]
    window = words.window(document["from"], document["until"])
    return Section("known", words.say("known.title"), window, tuple(blocks))


def _claim(document: dict[str, Any], words: Speech) -> str:
    projection, number = document["projection"], words.figures.number
    low, high = projection["orders_90"]
    return words.say(
        "known.claim",
        last=words.figures.date(document["until"]),
        orders=number(projection["orders"]),
        weeks=projection["horizon_weeks"],
        orders_interval=words.say("between", low=number(low), high=number(high)),
        value=words.figures.about(projection["value_minor"]),
        value_interval=words.between(projection["value_90_minor"]),
    )


def _checked(projection: dict[str, Any], words: Speech) -> str:
    used = [method for method in projection["methods"] if method["is_used"]]
    if not used:
        return words.say("known.unchecked")
    miss = words.figures.percent(used[0]["mean_miss"])
    days, weeks = len(projection["checks_from"]), f"{projection['checks_weeks']:g}"
    return words.say("known.checked", days=days, weeks=weeks, miss=miss)


def _methods(projection: dict[str, Any], words: Speech) -> Table:
    rows = []
    for method in projection["methods"]:
        key = f"method.{method['method']}"
        is_heuristic = key in ("method.spreadsheet", "method.gupta_lehmann", "method.own_rate")
        row = (
            words.say(key) if is_heuristic else words.say("method.model", name=method["method"]),
            words.figures.percent(method["mean_miss"]),
            words.figures.number(method["mean_absolute_error"], decimals=2),
            words.say("checked_yes" if method["is_used"] else "checked_no"),
        )
        rows.append(row)
    days, weeks = len(projection["checks_from"]), f"{projection['checks_weeks']:g}"
    caption = words.say("known.table", days=days, weeks=weeks)
    keys = ("column.method", "column.mean_miss", "column.mean_error", "column.used")
    return Table(caption, tuple(words.say(key) for key in keys), tuple(rows))
