"""Money in and out by week, and thirteen weeks ahead."""

from typing import Any

from customers.report.blocks import Block, Chart, Paragraph, Section, Table
from customers.report.charts import Series, line_chart
from customers.report.words.speech import Speech

_SEASON_WEEKS = 104


def cash_section(document: dict[str, Any], words: Speech) -> Section | None:
    """Weekly cash, the forecast with how earlier ones missed; None where the books hold no whole week."""
    cash = document["cash"]
    if not cash["weeks"]:
        return None
    forecast = cash["forecast"]
    blocks: list[Block] = []
    if forecast is None:
        have = len(cash["weeks"])
        blocks.append(Paragraph(words.say("cash.too_short", need=cash["fewest_weeks"], have=have), "warning"))
    else:
        blocks += _claims(cash, words)
    blocks.append(_chart(cash, words))
    if forecast is not None:
        blocks.append(_ahead(cash, words))
        if forecast["checks"]:
            blocks.append(_checks(forecast, words))
    costs = words.say("cash.as_paid.costs") if cash["are_costs_paid_when_sold"] else ""
    blocks.append(Paragraph(words.say("cash.as_paid", costs=costs), "note"))
    return Section("cash", words.say("cash.title"), words.window(cash["from"], cash["until"]), tuple(blocks))


def _claims(cash: dict[str, Any], words: Speech) -> list[Block]:
    forecast, about, weeks = cash["forecast"], words.figures.about, cash["weeks_ahead"]
    claim = words.say(
        "cash.claim", weeks=weeks, sum=about(forecast["in_minor"]), interval=words.between(forecast["in_90_minor"])
    )
    if forecast["mean_miss"] is None:
        missed = words.say("cash.unchecked")
    else:
        miss = words.figures.percent(forecast["mean_miss"])
        missed = words.say("cash.missed", n=len(forecast["checks"]), miss=miss, over=forecast["check_weeks"])
    blocks: list[Block] = [Paragraph(f"{claim} {missed}")]
    cautions = []
    if forecast["is_widened"]:
        cautions.append(words.say("cash.widened"))
    if len(cash["weeks"]) < _SEASON_WEEKS:
        cautions.append(words.say("cash.season"))
    if cautions:
        blocks.append(Paragraph(" ".join(cautions), "warning"))
    return [*blocks, Paragraph(" ".join(_rest(forecast, words))), *_floor(forecast, words)]


def _rest(forecast: dict[str, Any], words: Speech) -> list[str]:
    about = words.figures.about
    sentences = [
        words.say(
            "cash.out_claim",
            sum=about(forecast["out_minor"]),
            interval=words.between(forecast["out_90_minor"]),
            net=about(forecast["net_minor"]),
            net_interval=words.between(forecast["net_90_minor"]),
        )
    ]
    if forecast["liability_minor"]:
        money = words.figures.money
        owed, redeemed = money(forecast["liability_minor"]), money(forecast["redeemed_minor"])
        sentences.append(words.say("cash.liability", sum=owed, redeemed=redeemed))
    return sentences


def _floor(forecast: dict[str, Any], words: Speech) -> list[Block]:
    """Weeks that close below the floor, where opening cash is known."""
    if forecast["opening_minor"] is None:
        return []
    floor = words.figures.money(forecast["floor_minor"])
    for key, flag in (("cash.below", "is_below_floor"), ("cash.may_be_below", "may_be_below_floor")):
        weeks = [words.figures.date(week["until"]) for week in forecast["weeks"] if week[flag]]
        if weeks:
            return [Paragraph(words.say(key, floor=floor, weeks=", ".join(weeks)), "warning")]
    return [Paragraph(words.say("cash.never_below", floor=floor))]


def _chart(cash: dict[str, Any], words: Speech) -> Chart:
    past, ahead = cash["weeks"], cash["forecast"]["weeks"] if cash["forecast"] else []
    nothing = [None] * len(past)
    none_ahead = [None] * len(ahead)
    bands = [[*nothing, *(tuple(week[name]) for week in ahead)] for name in ("in_90_minor", "in_50_minor")]
    series = [
        Series(words.say("cash.out"), [*(week["out_minor"] for week in past), *none_ahead], 1),
        Series(words.say("cash.in"), [*(week["in_minor"] for week in past), *none_ahead], 0),
    ]
    if ahead:
        in_ahead = [*nothing, *(week["in_minor"] for week in ahead)]
        series.append(Series(words.say("cash.ahead"), in_ahead, 0, bands, is_ahead=True))
    places = [_short_date(week["until"], words) for week in [*past, *ahead]]
    title = words.say("cash.chart", weeks=len(ahead)) if ahead else words.say("cash.title")
    says = words.say("cash.chart.says", last=words.figures.date(cash["until"]), weeks=len(ahead)) if ahead else title
    svg = line_chart(
        places,
        series,
        title=title,
        description=says,
        tick=words.figures.short_money,
        now=len(past) - 1 if ahead else None,
    )
    money = words.figures.money
    rows = tuple(
        (
            words.figures.date(week["until"]),
            money(week["in_minor"]),
            money(week["out_minor"]),
            money(week["net_minor"]),
        )
        for week in past
    )
    keys = ("column.week", "column.in", "column.out", "column.net")
    return Chart(title, svg, Table(words.say("cash.table.weeks"), tuple(words.say(key) for key in keys), rows))


def _short_date(text: str, words: Speech) -> str:
    """Day and month: the axis has no room for the year, which the table tells."""
    return words.figures.date(text).rsplit(" ", 1)[0]


def _ahead(cash: dict[str, Any], words: Speech) -> Table:
    forecast, about = cash["forecast"], words.figures.about
    has_owed = forecast["liability_minor"] > 0
    keys = ["column.week", "column.in", "column.in_90", "column.out"]
    keys += [*(["column.redeemed"] if has_owed else []), "column.net"]
    has_closing = forecast["opening_minor"] is not None
    if has_closing:
        keys += ["column.closing", "column.closing_low"]
    rows = [
        (
            words.figures.date(week["until"]),
            about(week["in_minor"]),
            words.between(week["in_90_minor"]),
            about(week["out_minor"]),
            *((about(week["redeemed_minor"]),) if has_owed else ()),
            about(week["net_minor"]),
            *((about(week["closing_minor"]), about(week["closing_low_minor"])) if has_closing else ()),
        )
        for week in forecast["weeks"]
    ]
    caption = words.say("cash.table.ahead", weeks=cash["weeks_ahead"])
    return Table(caption, tuple(words.say(key) for key in keys), tuple(rows))


def _checks(forecast: dict[str, Any], words: Speech) -> Table:
    keys = ("column.made", "column.predicted", "column.actual", "column.error", "column.inside")
    rows = tuple(
        (
            words.say("cash.made", n=check["weeks_ago"]),
            words.figures.about(check["predicted_minor"]),
            words.figures.money(check["actual_minor"]),
            words.figures.percent(check["error"]),
            words.say("checked_yes" if check["is_inside_90"] else "checked_no"),
        )
        for check in forecast["checks"]
    )
    return Table(words.say("cash.table.checks"), tuple(words.say(key) for key in keys), rows)
