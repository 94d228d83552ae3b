"""Who brought most so far."""

from typing import Any

from customers.report.blocks import Block, Chart, Paragraph, Section, Table
from customers.report.charts import Series, bar_chart
from customers.report.words.speech import Speech


def brought_section(document: dict[str, Any], words: Speech) -> Section:
    """The customers who brought most margin so far, how far the shop rests on few, and profit per customer."""
    customers, totals, money = document["customers"], document["totals"], words.figures.money
    blocks: list[Block] = []
    if not customers["leaders"]:
        blocks.append(Paragraph(words.say("brought.none"), "warning"))
    else:
        blocks += [*_tenths(document, words), _leaders(document, words), Paragraph(words.say("brought.past"), "note")]
        blocks.append(_profit_per_customer(document, words))
    known, anonymous = totals["known_revenue_minor"], totals["anonymous_revenue_minor"]
    sentence = words.say(
        "brought.sum", known=money(known), anonymous=money(anonymous), all=money(totals["revenue_minor"])
    )
    blocks.append(Paragraph(sentence))
    title = words.say("brought.title.revenue" if document["value"] == "revenue" else "brought.title")
    return Section("brought", title, words.window(document["from"], document["until"]), tuple(blocks))


def _tenths(document: dict[str, Any], words: Speech) -> list[Block]:
    tenths = document["customers"]["margin_by_tenth_minor"]
    if tenths is None or sum(tenths) <= 0:
        return []
    places = [words.say("brought.tenth", from_=10 * at, to=10 * at + 10) for at in range(len(tenths))]
    value = words.say(f"value.{document['value']}")
    title = words.say("brought.chart", value=value)
    says = words.say("brought.chart.says", share=words.figures.percent(min(1.0, tenths[0] / sum(tenths))))
    svg = bar_chart(places, [Series(value, tenths)], title=title, description=says, tick=words.figures.short_money)
    rows = tuple((place, words.figures.money(tenth)) for place, tenth in zip(places, tenths, strict=True))
    table = Table(title, (words.say("brought.tenth.heading"), value), rows)
    return [Paragraph(says), Chart(title, svg, table)]


def _leaders(document: dict[str, Any], words: Speech) -> Table:
    money, leaders = words.figures.money, document["customers"]["leaders"]
    has_costs = document["value"] != "revenue"
    has_shares = document["customers"]["running_cost_minor"] != 0
    headings = ["column.customer", "column.orders", "column.last_order", "column.revenue"]
    columns = [
        [leader["customer"] for leader in leaders],
        [words.figures.number(leader["orders"]) for leader in leaders],
        [words.figures.date(leader["last_order"]) for leader in leaders],
        [money(leader["revenue_minor"]) for leader in leaders],
    ]
    if has_costs:
        headings.append(f"value.{document['value']}")
        columns.append([money(leader["margin_minor"]) for leader in leaders])
    if has_shares:
        headings += ["column.running", "column.profit"]
        columns.append([words.figures.divided(leader["running_cost_minor"]) for leader in leaders])
        columns.append([words.figures.divided(leader["profit_minor"]) for leader in leaders])
    caption = words.say("brought.table", n=len(leaders))
    return Table(caption, tuple(words.say(key) for key in headings), tuple(zip(*columns, strict=True)))


def _profit_per_customer(document: dict[str, Any], words: Speech) -> Paragraph:
    customers, money = document["customers"], words.figures.money
    if not customers["running_cost_minor"]:
        is_margin = document["value"] != "revenue"
        return Paragraph(words.say(f"profit_per_customer.{'margin' if is_margin else 'none'}"), "note")
    text = words.say(
        "profit_per_customer",
        cost=money(customers["running_cost_minor"]),
        profit=words.figures.divided(customers["profit_minor"]),
        losers=words.counted("customer", customers["with_a_loss"]),
    )
    return Paragraph(text)
