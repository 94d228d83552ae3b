"""Campaigns in plain words: what can be seen before anything is sent, and what was seen."""

from collections.abc import Callable, Mapping
from math import isfinite
from types import MappingProxyType

from customers.books.entries import Value
from experiments.campaigns.foresight import FEWEST_ORDERING, MOST_WINDOWS, Foresight, Visible
from experiments.campaigns.reading import Outcome, Reading
from experiments.campaigns.vouchers import Promise, break_even_share
from experiments.outcomes import Money
from experiments.statistics.randomisation import LotsEffect

WORTH: Mapping[Value, str] = MappingProxyType(
    {
        "margin": "margin",
        "estimated_margin": "estimated margin",
        "part_margin": "margin, or revenue where costs are not known",
        "revenue": "revenue (costs are not known)",
    }
)
"""What an order's money is called, so that nobody calls revenue margin."""

ROUND_FROM = 1_000
"""Major units from which on a mean needs no decimals."""

STALE_DAYS = 7
"""From so many days between the records' end and the first day on, a plan says that they are old."""

SELF_SELECTION = (
    "Comparing those who used a voucher with those who did not says nothing: they chose. Only the lots compare alike "
    "customers."
)


def stale_sentences(n_days: int) -> list[str]:
    """What is to be said of records that end so many days before the first one; nothing if it is less than a week."""
    if n_days < STALE_DAYS:
        return []
    old = (
        f"The records end {n_days:,} days before the first one: what customers did since is not known, so the arms are"
    )
    return [f"{old} less alike than they could be. Plan with a fresh sheet."]


def foresight_sentences(foresight: Foresight, money: Money, *, worth: str, weeks: int, n_customers: int) -> list[str]:
    """What a campaign can show, for its owner, before anything is sent."""
    if foresight.ordered is None or foresight.orders is None or foresight.margin_minor is None:
        return [
            (
                f"The records before the first day are too short to tell what a campaign of {weeks} weeks can show: "
                f"they must cover at least {weeks} weeks in which enough of these customers were known already. You "
                "may go on; a small effect will not be seen."
            )
        ]
    usual = (
        f"In {weeks} weeks, by the last {_windows(foresight.n_windows)}, about {foresight.n_ordering:,.0f} of these "
        f"{n_customers:,} customers order anyway."
    )
    if not foresight.is_readable:
        enough = _weeks_needed(foresight.n_ordering, weeks)
        longer = f"--weeks {enough} would be enough, if trade goes on as now. " if enough is not None else ""
        return [
            usual,
            (
                f"Nothing can be read from fewer than {FEWEST_ORDERING} who order, so most likely this campaign will "
                f"end undecided. {longer}You may go on all the same."
            ),
        ]
    ordered = _visible_share(foresight.ordered)
    least, mean = (mean_text(value, money) for value in (foresight.margin_minor.smallest, foresight.margin_minor.usual))
    margin = (
        f"In {worth}: from about {least} more per contacted customer on, beside the usual "
        f"{mean}{_relative(foresight.margin_minor)}."
    )
    smaller = "A smaller effect will most likely not be seen, which does not mean that there is none."
    return [usual, ordered, margin, smaller]


def voucher_sentences(promise: Promise, foresight: Foresight, money: Money) -> list[str]:
    """What a voucher must lift to pay for itself; no amount is recommended."""
    worth = amount_text(promise.amount_minor, money)
    if foresight.ordered is None or foresight.margin_minor is None or not foresight.ordered.usual:
        return [
            f"A voucher of {worth} pays only if it brings orders that would not have come; that is what the lots show."
        ]
    margin = foresight.margin_minor.usual / foresight.ordered.usual
    usual = foresight.ordered.usual
    needed = break_even_share(usual_share=usual, margin_minor=margin, voucher_minor=promise.amount_minor)
    base = f"Those who order leave {mean_text(margin, money)} each in such a window."
    if needed is None:
        return [base, f"A voucher of {worth} gives all of it away: no rise in orders can pay for it."]
    beyond = ", which is more than all of them" if needed > 1 else ""
    return [
        base,
        (
            f"A voucher of {worth} used by everybody who orders breaks even only if {100 * needed:.1f} of 100 order "
            f"instead of {100 * usual:.1f}{beyond}."
        ),
    ]


def reading_text(reading: Reading, money: Money, *, worth: str, weeks: int, assumed_vouchers: int) -> str:
    """The verdict and what it rests on.

    Args:
        reading: What was seen.
        money: How money is read.
        worth: What it is, one of ``WORTH``.
        weeks: The campaign's window.
        assumed_vouchers: Contacted customers who ordered and are taken to have used a voucher, because no redemption
            was recorded at all; 0 where redemptions are known.
    """
    sentences = [_verdict(reading), *_figures(reading.outcomes, money, worth=worth)]
    sentences.append(
        f"Counted: {reading.n_contacted:,} contacted and {reading.n_held_out:,} held out, each in the arm of her lot, "
        f"over {weeks} weeks; {reading.n_ordering:,} of them ordered."
    )
    if assumed_vouchers:
        sentences.append(
            f"No redemption was recorded, so each of the {assumed_vouchers:,} contacted customers who ordered is taken "
            "to have used her voucher once."
        )
    sentences.append(f"It says nothing about what happens after {weeks} weeks.")
    return " ".join(sentences)


def too_early_text(*, last_day: str, come_back: str) -> str:
    """What is said before the window has passed: when to come back, and nothing that could tempt."""
    return (
        f"Too early: the window runs to {last_day}. Come back on {come_back} with a sheet that covers it. Until then "
        "nothing is shown: who looks early stops when luck looks best."
    )


def amount_text(minor: float, money: Money) -> str:
    """A sum as a reader writes it, to its last unit."""
    return f"{minor / money.minor_per_major:,.{money.currency_exponent}f} {money.currency}"


def mean_text(minor: float, money: Money) -> str:
    """A mean as a reader writes it: from a thousand on without decimals."""
    amount = minor / money.minor_per_major
    decimals = 0 if abs(amount) >= ROUND_FROM else money.currency_exponent
    return f"{amount:,.{decimals}f} {money.currency}"


def _verdict(reading: Reading) -> str:
    if reading.kind == "undecided":
        if reading.n_ordering < FEWEST_ORDERING:
            return (
                f"Undecided: {reading.n_ordering:,} customers ordered, and nothing can be read from fewer than "
                f"{FEWEST_ORDERING}."
            )
        return "Undecided: all did the same, or there are not two customers of either arm left: nothing to compare."
    return {
        "works": "It works: net of vouchers, contacted customers left more than those held out.",
        "costs": "It costs: net of vouchers, contacted customers left less than those held out.",
        "brings_customers": "It brings customers, and whether that pays can't be said yet.",
        "loses_customers": "It loses customers: fewer of those contacted ordered; what that costs can't be said yet.",
        "no_difference": "No difference was found; one smaller than the intervals below may be there.",
    }[reading.kind]


def _figures(outcomes: Mapping[Outcome, LotsEffect | None], money: Money, *, worth: str) -> list[str]:
    said = []
    if (ordered := outcomes.get("ordered")) is not None:
        interval = _interval_text(ordered.interval, lambda end: f"{100 * end:+.1f}")
        said.append(
            f"Of 100 contacted {100 * ordered.treated_mean:.1f} ordered, of 100 held out "
            f"{100 * ordered.control_mean:.1f}: {100 * ordered.estimate:+.1f} "
            f"({interval}) once past orders are allowed for."
        )
    if (margin := outcomes.get("margin")) is not None:
        interval = _interval_text(margin.interval, lambda end: mean_text(end, money))
        said.append(
            f"{worth[0].upper()}{worth[1:]} per customer, net of vouchers, differed by "
            f"{mean_text(margin.estimate, money)} ({interval})."
        )
    return said


def _interval_text(interval: tuple[float, float], text_of: Callable[[float], str]) -> str:
    """The interval in words; an end that is infinite is one that so few customers can't tell."""
    low, high = (text_of(end) if isfinite(end) else None for end in interval)
    if low is None and high is None:
        return "95 % interval: can't be told from so few"
    if low is None:
        return f"95 % interval up to {high}; how far down can't be told from so few"
    if high is None:
        return f"95 % interval from {low} on; how far up can't be told from so few"
    return f"95 % interval {low} to {high}"


def _windows(n: int) -> str:
    return "window as long" if n == 1 else f"{n} windows as long"


def _relative(visible: Visible) -> str:
    return "" if visible.relative is None else f" (+{100 * visible.relative:.0f} %)"


def _visible_share(visible: Visible) -> str:
    usual, seen = 100 * visible.usual, 100 * (visible.usual + visible.smallest)
    if seen > 100:
        return (
            f"It can't show an effect on who orders: about {usual:.0f} of 100 order anyway, and even all 100 would not "
            "stand out."
        )
    return (
        f"It can show an effect from about {100 * visible.smallest:.0f} more of 100 contacted customers ordering on "
        f"(from {usual:.0f} to {seen:.0f} of 100)."
    )


def _weeks_needed(n_ordering: float, weeks: int) -> int | None:
    """Weeks in which enough customers order, with half as many again to spare; None beyond a year."""
    if n_ordering <= 0:
        return None
    needed = int(-(-weeks * 1.5 * FEWEST_ORDERING // n_ordering))
    return needed if needed <= 13 * MOST_WINDOWS else None
