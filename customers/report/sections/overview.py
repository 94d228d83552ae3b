"""The figures that a reader looks for first."""

from typing import Any

from customers.report.blocks import Block, Paragraph, Section, Tile, Tiles
from customers.report.words.speech import Speech


def overview_section(document: dict[str, Any], words: Speech) -> Section:
    """What the report stands on and its four headline figures; only the former for books without entries."""
    blocks: list[Block] = []
    if document["from"] is None:
        blocks.append(Paragraph(words.say("empty"), "warning"))
    else:
        blocks += [
            Paragraph(
                words.say(
                    "made_of",
                    window=words.window(document["from"], document["until"]),
                    currency=document["currency"],
                    last=words.figures.date(document["until"]),
                )
            ),
            Tiles(
                (
                    _revenue(document, words),
                    _profit(document, words),
                    _customers(document, words),
                    _cash(document, words),
                )
            ),
            basis(document, words),
            Paragraph(words.say("personal"), "note"),
        ]
    return Section("overview", words.say("title"), words.window(document["from"], document["until"]), tuple(blocks))


def basis(document: dict[str, Any], words: Speech) -> Paragraph:
    """What margin means in this report."""
    value = document["value"]
    text = words.say(
        f"basis.{value}",
        rate=words.figures.percent(document["margin_rate"]),
        share=words.figures.percent(document["records"]["known_cost_share"]),
    )
    return Paragraph(text, "note" if value == "margin" else "warning")


def _revenue(document: dict[str, Any], words: Speech) -> Tile:
    totals, money = document["totals"], words.figures.money
    note = words.say("tile.revenue.note", sales=money(totals["sales_minor"]), refunds=money(totals["refunds_minor"]))
    return Tile(words.say("tile.revenue"), money(totals["revenue_minor"]), note)


def _profit(document: dict[str, Any], words: Speech) -> Tile:
    key = "tile.profit" if is_profit_known(document) else "tile.profit.no_costs"
    profit = words.figures.money(document["totals"]["profit_minor"])
    return Tile(words.say(key), profit, words.say(f"{key}.note"))


def is_profit_known(document: dict[str, Any]) -> bool:
    """Whether costs of goods are in the books in some way, so that what is left may be called profit."""
    totals = document["totals"]
    return bool(document["value"] != "revenue" or (totals["is_stock_a_cost"] and totals["stock_minor"] > 0))


def _customers(document: dict[str, Any], words: Speech) -> Tile:
    share = words.figures.percent(document["limits"]["repeat_share"])
    ordered = words.figures.number(document["customers"]["who_ordered"])
    return Tile(words.say("tile.customers"), ordered, words.say("tile.customers.note", share=share))


def _cash(document: dict[str, Any], words: Speech) -> Tile:
    cash = document["cash"]
    forecast, label = cash["forecast"], words.say("tile.cash", weeks=cash["weeks_ahead"])
    if forecast is None:
        note = words.say("tile.cash.missing.note", have=len(cash["weeks"]), need=cash["fewest_weeks"])
        return Tile(label, words.figures.money(None), note)
    low, high = (words.figures.short_money(limit) for limit in forecast["in_90_minor"])
    note = words.say("tile.cash.note", interval=words.say("between", low=low, high=high))
    return Tile(label, words.figures.short_money(forecast["in_minor"]), note)
