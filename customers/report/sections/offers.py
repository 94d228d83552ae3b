"""Vouchers and stamp cards, by their arithmetic."""

from typing import Any

from customers.report.blocks import Block, Paragraph, Section, Table
from customers.report.words.speech import Speech


def offers_section(document: dict[str, Any], words: Speech) -> Section:
    """What vouchers must bring to pay, and what stamp cards would have done; no amount is recommended."""
    vouchers, stamps = document["vouchers"], document["stamps"]
    blocks: list[Block] = []
    if vouchers is None:
        blocks.append(Paragraph(words.say("vouchers.none"), "warning"))
    else:
        blocks += _vouchers(vouchers, words, is_margin=document["value"] in ("margin", "estimated_margin"))
    blocks += [Paragraph(words.say("stamps.none"), "warning")] if stamps is None else _stamps(stamps, words)
    window = words.window(document["from"], document["until"])
    return Section("offers", words.say("offers.title"), window, tuple(blocks))


def _vouchers(vouchers: dict[str, Any], words: Speech, *, is_margin: bool) -> list[Block]:
    base = words.say(
        "vouchers.base",
        margin=words.figures.about(vouchers["margin_per_order_minor"]),
        first=words.figures.date(vouchers["from"]),
        last=words.figures.date(vouchers["until"]),
        days=vouchers["window_days"],
    )
    blocks: list[Block] = [Paragraph(words.say("vouchers.rule")), Paragraph(base)]
    if not is_margin:
        blocks.append(Paragraph(words.say("vouchers.base.revenue"), "warning"))
    blocks += [_groups(vouchers, words), _sizes(vouchers, words)]
    everybody = vouchers["groups"][0]
    seen = everybody["smallest_visible"]
    visible = words.say(
        "vouchers.invisible" if seen is None else "vouchers.visible",
        n=words.counted("customer", everybody["customers"] // 2),
        p0=words.figures.percent(everybody["probability"], decimals=1),
        p1=words.figures.percent(seen, decimals=1),
    )
    return [*blocks, Paragraph(words.say("vouchers.amount")), Paragraph(visible)]


def _groups(vouchers: dict[str, Any], words: Speech) -> Table:
    percent = words.figures.percent
    rows = []
    for group in vouchers["groups"]:
        interval = group["interval_90"]
        row = (
            words.say(f"group.{group['group']}", days=vouchers["window_days"]),
            words.figures.number(group["customers"]),
            words.figures.number(group["bought"]),
            percent(group["probability"], decimals=1),
            percent(None)
            if interval is None
            else words.say("between", low=percent(interval[0], decimals=1), high=percent(interval[1], decimals=1)),
        )
        rows.append(row)
    keys = ("column.group", "column.known", "column.ordered", "column.ordered_share", "column.interval_90")
    return Table(words.say("vouchers.groups"), tuple(words.say(key) for key in keys), tuple(rows))


def _sizes(vouchers: dict[str, Any], words: Speech) -> Table:
    measured = [group for group in vouchers["groups"] if group["probability"]]
    rows = []
    for size in vouchers["vouchers"]:
        lift = size["required_relative_lift"]
        needed = [size["required"][group["group"]] for group in measured]
        never = words.say("vouchers.never")
        row = (
            words.figures.money(size["voucher_minor"]),
            never if lift is None else f"+{words.figures.percent(lift)}",
            *(never if share is None else words.figures.percent(share, decimals=1) for share in needed),
        )
        rows.append(row)
    names = (
        words.say(
            "column.required",
            group=words.say(f"group.{group['group']}", days=vouchers["window_days"]),
            p0=words.figures.percent(group["probability"], decimals=1),
        )
        for group in measured
    )
    headings = (words.say("column.voucher"), words.say("column.relative_lift"), *names)
    return Table(words.say("vouchers.table"), headings, tuple(rows))


def _stamps(stamps: dict[str, Any], words: Speech) -> list[Block]:
    about, number = words.figures.about, words.figures.number
    cost = words.say(
        "stamps.cost" if stamps["is_cost_known"] else "stamps.cost.price", cost=about(stamps["reward_cost_minor"])
    )
    gap = words.say("stamps.gap", days=words.counted("day", round(stamps["usual_gap_days"])))
    keys = (
        "column.stamps",
        "column.weeks_to_fill",
        "column.with_full",
        "column.full_cards",
        "column.given_back",
        "column.card_cost",
        "column.open_stamps",
        "column.liability",
    )
    rows = tuple(
        (
            number(card["stamps"]),
            number(card["weeks_to_fill"], decimals=1),
            number(card["customers_with_a_full_card"]),
            number(card["full_cards"]),
            words.figures.percent(card["share_given_back"]),
            about(card["cost_minor"]),
            number(card["open_stamps"]),
            about(card["liability_minor"]),
        )
        for card in stamps["cards"]
    )
    first, last = words.figures.date(stamps["from"]), words.figures.date(stamps["until"])
    caption = words.say("stamps.table", first=first, last=last)
    table = Table(caption, tuple(words.say(key) for key in keys), rows)
    return [Paragraph(f"{gap} {cost}"), table, Paragraph(words.say("stamps.note"), "note")]
