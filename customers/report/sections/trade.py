"""Profit and loss by month."""

from typing import Any

from customers.report.blocks import Block, Chart, Paragraph, Section, Table
from customers.report.charts import Series, bar_chart
from customers.report.sections.overview import is_profit_known
from customers.report.words.speech import Speech


def profit_section(document: dict[str, Any], words: Speech) -> Section:
    """Profit and loss by month, and orders by new and returning customers."""
    months = document["months"]
    blocks: list[Block] = [
        _profit_chart(document, words),
        _profit_table(document, words),
        *_profit_notes(document, words),
    ]
    if any(month["orders_of_new_customers"] for month in months):
        blocks += [*_orders(months, words), Paragraph(words.say("orders.begin"), "note")]
    window = words.window(document["from"], document["until"])
    return Section("profit", words.say("profit.title"), window, tuple(blocks))


def _profit_chart(document: dict[str, Any], words: Speech) -> Chart:
    months = document["months"]
    revenue = [month["revenue_minor"] for month in months]
    profit = [month["profit_minor"] for month in months]
    costs = [gained - left for gained, left in zip(revenue, profit, strict=True)]
    series = [Series(words.say("profit.series.revenue"), revenue, 0)]
    if any(costs):
        left_over = words.say("profit.series.profit" if is_profit_known(document) else "profit.series.after")
        series += [Series(words.say("profit.series.costs"), costs, 1), Series(left_over, profit, 2)]
    highest = max(months, key=lambda month: int(month["revenue_minor"]))
    says = words.say(
        "profit.chart.says",
        month=words.figures.month(highest["month"]),
        revenue=words.figures.money(highest["revenue_minor"]),
    )
    title = words.say("profit.chart") if any(costs) else words.say("profit.series.revenue")
    places = words.month_axis([month["month"] for month in months])
    svg = bar_chart(places, series, title=title, description=says, tick=words.figures.short_money)
    drawn = [revenue, costs, profit][: len(series)]
    rows = tuple(
        (words.figures.month(month["month"]), *map(words.figures.money, amounts))
        for month, *amounts in zip(months, *drawn, strict=True)
    )
    return Chart(title, svg, Table(title, (words.say("column.month"), *(of.name for of in series)), rows))


def _profit_table(document: dict[str, Any], words: Speech) -> Table:
    """Month by month with the total, without columns that are empty throughout."""
    totals = {**document["totals"]}
    totals["cost_minor"] = totals["revenue_minor"] - totals["margin_minor"]
    columns = {
        "column.sales": "sales_minor",
        "column.refunds": "refunds_minor",
        "column.revenue": "revenue_minor",
        "column.cost": "cost_minor",
        "column.stock": "stock_minor",
        "column.advertising": "advertising_minor",
        "column.other": "other_expenses_minor",
        "profit.series.profit" if is_profit_known(document) else "profit.series.after": "profit_minor",
    }
    always = ("sales_minor", "refunds_minor", "revenue_minor", "profit_minor")
    shown = {
        heading: name
        for heading, name in columns.items()
        if name in always or any(month[name] for month in document["months"])
    }
    money = words.figures.money
    rows = [
        (words.figures.month(month["month"]), *(money(month[name]) for name in shown.values()))
        for month in document["months"]
    ]
    rows.append((words.say("total"), *(money(totals[name]) for name in shown.values())))
    headings = (words.say("column.month"), *(words.say(heading) for heading in shown))
    return Table(words.say("profit.table"), headings, tuple(rows), has_total=True)


def _profit_notes(document: dict[str, Any], words: Speech) -> list[Block]:
    totals, notes = document["totals"], []
    if totals["stock_minor"]:
        notes.append(words.say("profit.stock_as_cost" if totals["is_stock_a_cost"] else "profit.stock_apart"))
    last = document["months"][-1]
    if not last["is_over"]:
        notes.append(words.say("profit.unfinished", month=words.figures.month(last["month"])))
    blocks: list[Block] = [Paragraph(" ".join(notes), "note")] if notes else []
    if not document["records"]["expense_lines"]:
        blocks.append(Paragraph(words.say("profit.no_expenses"), "warning"))
    return blocks


def _orders(months: list[dict[str, Any]], words: Speech) -> list[Block]:
    new = [month["orders_of_new_customers"] for month in months]
    returning = [month["orders_of_returning_customers"] for month in months]
    title = words.say("orders.chart")
    says = words.say("orders.chart.says", share=words.figures.percent(sum(returning) / (sum(new) + sum(returning))))
    names = words.say("orders.new"), words.say("orders.returning")
    svg = bar_chart(
        words.month_axis([month["month"] for month in months]),
        [Series(names[1], returning, 0), Series(names[0], new, 1)],
        title=title,
        description=says,
        tick=words.figures.number,
        is_stacked=True,
    )
    rows = tuple(
        (words.figures.month(month["month"]), words.figures.number(first), words.figures.number(later))
        for month, first, later in zip(months, new, returning, strict=True)
    )
    return [Paragraph(says), Chart(title, svg, Table(title, (words.say("column.month"), *names), rows))]
