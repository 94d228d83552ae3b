"""Campaigns as text for a terminal."""

from collections.abc import Mapping
from typing import Any

_LEFT_OUT = (
    ("other_spellings", "other spellings of the same names were brought together"),
    ("forgotten", "customers asked to be forgotten and are in neither arm"),
    ("no_consent", "customers want no messages and are in neither arm"),
    ("other_currencies", "lines in other currencies were left out"),
    ("anonymous_lines", "lines name no customer and were left out"),
)


def plan_lines(said: Mapping[str, Any]) -> list[str]:
    """A plan in the order in which it should be read: who, when, what can be seen."""
    counts = said["counts"]
    lines = [
        f"campaign {said['key']}: {counts['contacted']:,} to contact, {counts['held_out']:,} held out",
        f"window {said['first_day']} to {said['last_day']} ({said['weeks']} weeks)",
    ]
    if (card := said["voucher"]) is not None:
        what = f"stamp card of {card['stamps']} stamps for" if card["stamps"] else "voucher of"
        lines.append(f"{what} {card['amount']} {said['currency']}, honoured until {card['last_day']}")
    lines += [f"  {counts[name]:,} {words}" for name, words in _LEFT_OUT if counts[name]]
    return [*lines, said["text"], "Do not write to the held out, by any other way either, until the window has passed."]


def reading_lines(said: Mapping[str, Any]) -> list[str]:
    """A reading: arms, outcomes, verdict; before the window has passed the verdict alone."""
    if "arms" not in said:
        return [f"campaign {said['key']}", f"verdict: {said['verdict']['text']}"]
    arms = said["arms"]
    lines = [
        f"campaign {said['key']}, {said['first_day']} to {said['last_day']}, records up to {said['records_until']}",
        f"  {arms['contacted']:,} contacted, {arms['held_out']:,} held out; {said['ordering']:,} ordered",
        f"{'outcome per customer':<24}{'held out':>12}{'contacted':>12}{'difference':>12}  95 % interval",
    ]
    for name, effect in said["outcomes"].items():
        if effect is None:
            lines.append(f"{name:<24}can't be told")
            continue
        low, high = ("no end" if end is None else f"{end:.4g}" for end in effect["interval"])
        figures = (effect["control_mean"], effect["arm_mean"], effect["difference"])
        lines.append(f"{name:<24}{''.join(f'{figure:>12.4g}' for figure in figures)}  {low} to {high}")
    customers = said["customers"]
    if customers["new"]:
        lines.append(f"  {customers['new']:,} customers in the records were in no arm and are left out")
    if customers["other_spellings"]:
        lines.append(f"  {customers['other_spellings']:,} names were found under another spelling")
    return [*lines, f"verdict: {said['verdict']['text']}"]


def account_lines(said: Mapping[str, Any]) -> list[str]:
    """The account of a campaign's cards."""
    if said["last_day"] is None:
        return [f"campaign {said['key']} gave no cards"]
    stamps = f", {said['stamps_given']:,} stamps" if said["stamps_given"] else ""
    money = said["currency"]
    return [
        f"campaign {said['key']} on {said['as_of']}: {said['issued']:,} cards given{stamps}",
        f"  redeemed     {said['redeemed']:>7,}  {said['redeemed_amount']} {money}",
        f"  outstanding  {said['outstanding']:>7,}  {said['outstanding_amount']} {money} owed until {said['last_day']}",
        f"  expired      {said['expired']:>7,}",
    ]
