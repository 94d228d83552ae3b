"""What a new customer may cost, and how many come back."""

from typing import Any

from customers.report.blocks import Block, Chart, Paragraph, Section, Table
from customers.report.charts import FAINT, Series, line_chart
from customers.report.words.speech import Speech


def newcomers_section(document: dict[str, Any], words: Speech) -> Section | None:
    """What new customers bring and cost, by the month they came; None where no customer is known."""
    new = document["new_customers"]
    if not document["customers"]["who_ordered"]:
        return None
    blocks: list[Block] = [Paragraph(text) for text in (_observed(new, words), _projected(new, words)) if text]
    blocks += [Paragraph(_cost(new, words)), _rule(document, words)]
    if new["months"]:
        blocks += [_months(new, words), Paragraph(_where(new, words))]
        blocks.append(Paragraph(words.say("new.months.note", weeks=new["observed"]["weeks"]), "note"))
    if new["by_category"]:
        blocks.append(_categories(new, words))
    window = words.window(document["from"], document["until"])
    return Section("newcomers", words.say("new.title"), window, tuple(blocks))


def _rule(document: dict[str, Any], words: Speech) -> Paragraph:
    if document["value"] in ("margin", "estimated_margin"):
        return Paragraph(words.say("new.rule"), "note")
    return Paragraph(words.say("new.rule.revenue"), "warning")


def _observed(new: dict[str, Any], words: Speech) -> str | None:
    seen = new["observed"]
    if seen is None:
        return None
    interval = seen["interval_90_minor"]
    return words.say(
        "new.observed",
        customers=words.counted("customer", seen["customers"]),
        first=words.figures.date(seen["from"]),
        last=words.figures.date(seen["until"]),
        margin=words.figures.about(seen["margin_minor"]),
        weeks=seen["weeks"],
        interval=words.say("new.interval", interval=words.between(interval)) if interval else "",
    )


def _projected(new: dict[str, Any], words: Speech) -> str | None:
    projected = new["projected"]
    if projected is None:
        return words.say("new.missing")
    return words.say(
        "new.projected",
        margin=words.figures.about(projected["margin_minor"]),
        weeks=projected["horizon_weeks"],
        first_order=words.figures.about(projected["first_order_minor"]),
        interval=words.between(projected["interval_90_minor"]),
    )


def _cost(new: dict[str, Any], words: Speech) -> str:
    cost = new["advertising"]
    key = "new.cost" if cost["spent_minor"] > 0 else "new.cost.none"
    if cost["spent_minor"] > 0 and not cost["new_customers"]:
        key = "new.cost.nobody"
    return words.say(
        key,
        spent=words.figures.money(cost["spent_minor"]),
        new=words.counted("new_customer", cost["new_customers"]),
        first=words.figures.date(cost["from"]),
        last=words.figures.date(cost["until"]),
        each=words.figures.about(cost["per_new_customer_minor"]),
    )


def _months(new: dict[str, Any], words: Speech) -> Table:
    has_advertising = any(month["advertising_minor"] for month in new["months"])
    money, number = words.figures.money, words.figures.number
    keys = ["column.month", "column.new_customers", "column.brought", "column.per_new"]
    if has_advertising:
        keys += ["column.advertising", "column.advertising_per_new", "column.return"]
    rows = []
    for month in new["months"]:
        row = [
            words.figures.month(month["month"]),
            number(month["new_customers"]),
            money(month["margin_minor"]),
            words.figures.divided(month["margin_per_new_customer_minor"]),
        ]
        if has_advertising:
            times = month["margin_per_advertising"]
            each = words.figures.divided(month["advertising_per_new_customer_minor"])
            row += [money(month["advertising_minor"]), each]
            row.append(words.figures.money(None) if times is None else number(times, decimals=1))
        rows.append(tuple(row))
    caption = words.say("new.months", weeks=new["observed"]["weeks"])
    return Table(caption, tuple(words.say(key) for key in keys), tuple(rows))


def _where(new: dict[str, Any], words: Speech) -> str:
    spent = [month for month in new["months"] if month["margin_per_advertising"] is not None]
    if len(spent) < 2:
        return words.say("new.where.none")
    most = max(spent, key=lambda month: float(month["margin_per_advertising"]))
    times = words.figures.number(most["margin_per_advertising"], decimals=1)
    return words.say("new.where", month=words.figures.month(most["month"]), times=times)


def _categories(new: dict[str, Any], words: Speech) -> Table:
    keys = ("column.category", "column.counted_as", "column.amount")
    rows = tuple(
        (
            entry["category"] or words.say("no_category"),
            words.say(f"kind.{entry['kind']}"),
            words.figures.money(entry["amount_minor"]),
        )
        for entry in new["by_category"]
    )
    return Table(words.say("new.categories"), tuple(words.say(key) for key in keys), rows, n_texts=2)


def retention_section(document: dict[str, Any], words: Speech) -> Section | None:
    """Shares of each month's new customers who come back; None where no customer is known."""
    retention = document["retention"]
    if not retention["cohorts"]:
        return None
    blocks: list[Block] = []
    if retention["curve"]:
        blocks += [_curve(retention, words), _cohorts(retention, words), Paragraph(words.say("retention.note"), "note")]
    else:
        blocks.append(Paragraph(words.say("retention.none"), "warning"))
    window = words.window(document["from"], document["until"])
    return Section("retention", words.say("retention.title"), window, tuple(blocks))


def _curve(retention: dict[str, Any], words: Speech) -> Chart:
    curve, percent = retention["curve"], words.figures.percent
    title = words.say("retention.chart")
    says = words.say(
        "retention.chart.says",
        first=percent(curve[0]["share"]),
        k=curve[-1]["month_after"],
        last=percent(curve[-1]["share"]),
    )
    svg = line_chart(
        [f"+{point['month_after']}" for point in curve],
        [
            *_cohort_lines(retention["cohorts"], len(curve), words),
            Series(words.say("retention.all"), [point["share"] for point in curve]),
        ],
        title=title,
        description=says,
        tick=percent,
    )
    rows = tuple(
        (
            f"+{point['month_after']}",
            words.figures.number(point["customers"]),
            words.figures.number(point["ordered"]),
            percent(point["share"], decimals=1),
        )
        for point in curve
    )
    keys = ("column.months_after", "column.customers", "column.ordered", "column.share")
    return Chart(title, svg, Table(title, tuple(words.say(key) for key in keys), rows))


def _cohort_lines(cohorts: list[dict[str, Any]], n_months: int, words: Speech) -> list[Series]:
    """A faint line for each cohort, as long as it is covered; one entry of the legend stands for all of them."""
    lines: list[Series] = []
    for cohort in cohorts:
        shares = [ordered / cohort["customers"] for ordered in cohort["ordered_after"][:n_months]]
        if shares:
            name = "" if lines else words.say("retention.each")
            lines.append(Series(name, [*shares, *[None] * (n_months - len(shares))], FAINT))
    return lines


def _cohorts(retention: dict[str, Any], words: Speech) -> Table:
    """One row per cohort, cells tinted by their share; cohorts of which nothing is covered yet are left out."""
    cohorts = [cohort for cohort in retention["cohorts"] if cohort["ordered_after"]]
    widest = max(len(cohort["ordered_after"]) for cohort in cohorts)
    rows, shades = [], []
    for cohort in cohorts:
        shares = [ordered / cohort["customers"] for ordered in cohort["ordered_after"]]
        blank = widest - len(shares)
        head = (words.figures.month(cohort["month"]), words.figures.number(cohort["customers"]))
        rows.append((*head, *map(words.figures.percent, shares), *[""] * blank))
        shades.append((None, None, *shares, *[None] * blank))
    numbered = (f"+{k}" for k in range(1, widest + 1))
    headings = (words.say("column.month"), words.say("column.customers"), *numbered)
    return Table(words.say("retention.table"), headings, tuple(rows), shades=tuple(shades))
