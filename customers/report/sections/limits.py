"""What the books can and cannot say."""

from typing import Any

from customers.report.blocks import Block, Paragraph, Section, Table
from customers.report.words.speech import Speech


def limits_section(document: dict[str, Any], words: Speech) -> Section:
    """What each statement stands on, and how complete the records are."""
    limits, records = document["limits"], document["records"]
    blocks: list[Block] = [_statements(limits, words)]
    if limits["repeat_share_90"] is not None:
        low, high = limits["repeat_share_90"]
        text = words.say(
            "limits.repeat",
            share=words.figures.percent(limits["repeat_share"]),
            n=words.figures.number(document["customers"]["who_ordered"]),
            low=words.figures.percent(low),
            high=words.figures.percent(high),
        )
        blocks.append(Paragraph(text))
    text = words.say(
        "limits.records",
        lines=words.figures.number(records["sales_lines"]),
        expenses=words.figures.number(records["expense_lines"]),
        with_sales=records["weeks_with_sales"],
        weeks=words.counted("week", records["weeks"]),
        gap=words.counted("day", records["longest_gap_days"]),
    )
    blocks.append(Paragraph(text))
    if records["unmatched_refunds_minor"]:
        refunds = words.figures.money(records["unmatched_refunds_minor"])
        blocks.append(Paragraph(words.say("limits.unmatched", sum=refunds), "note"))
    window = words.window(document["from"], document["until"])
    return Section("limits", words.say("limits.title"), window, tuple(blocks))


def _statements(limits: dict[str, Any], words: Speech) -> Table:
    rows = tuple(
        (
            words.say(f"statement.{entry['statement']}"),
            _amount(entry, entry["have"], words),
            _amount(entry, entry["need"], words),
            words.say("simple_yes" if entry["is_enough"] else "simple_no"),
        )
        for entry in limits["statements"]
    )
    keys = ("column.statement", "column.have", "column.need", "column.enough")
    return Table(words.say("limits.table"), tuple(words.say(key) for key in keys), rows, n_texts=4)


def _amount(entry: dict[str, Any], amount: float, words: Speech) -> str:
    if entry["unit"] == "share":
        return words.say(f"unit.share.{entry['statement']}", n=words.figures.percent(amount))
    return words.say(f"unit.{entry['unit']}", n=words.figures.number(amount))
