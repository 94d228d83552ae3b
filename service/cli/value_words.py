"""Customer value in words for a terminal."""

from collections.abc import Iterator, Mapping
from typing import Any

from service.jobs.bookkeeping import OpenedBooks


def opened_lines(name: str, opened: OpenedBooks) -> Iterator[str]:
    """What was read and what was left out, for the owner to check."""
    books = opened.books
    lines = f"{len(books.sales):,} lines of {books.customer_names.size:,} customers in {books.currency}"
    yield f"{name}: {lines}"
    if opened.refused:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in opened.refused.items())
        yield f"  refused     {reasons} (`kembang import --dry-run` shows them)"
    if opened.other_currencies:
        others = ", ".join(f"{count:,} in {currency}" for currency, count in opened.other_currencies.items())
        yield f"  left out    {others}: amounts of different currencies are never added up"
    for note in opened.notes:
        yield f"  note        {note}"


def fitted_text(found: Mapping[str, Any]) -> str:
    """Fitted models as a table."""
    lines = [f"{found['customers']:,} customers, {found['repeat_orders']:,} repeat orders up to {found['until']}"]
    lines.append(f"{'model':<14}{'log-likelihood':>16}  parameters (standard errors), in {found['unit']}s")
    for name, model in found["models"].items():
        if model is None:
            lines.append(f"{name:<14}{'none':>16}  not to be had from this history")
            continue
        errors = model["standard_errors"]
        said = ", ".join(
            f"{letter} {_number(value)} ({_number(errors[letter])})" for letter, value in model["parameters"].items()
        )
        lines.append(f"{name:<14}{model['log_likelihood']:>16,.2f}  {said}")
    if "holdout" in found:
        lines += _holdout_lines(found["holdout"])
    lines.append(f"chosen: {found['chosen'] or 'none'}. {found['why']}")
    return "\n".join(lines)


def _holdout_lines(holdout: Mapping[str, Any]) -> Iterator[str]:
    yield f"hold-out of {holdout['weeks']:.4g} weeks:"
    yield f"{'model':<14}{'expected':>12}{'came':>8}{'total off':>11}{'MAE':>8}{'corr':>8}{'AUC':>8}"
    for name, quality in holdout["models"].items():
        off = "none" if quality["total_error"] is None else f"{quality['total_error']:+.1%}"
        numbers = "".join(f"{_number(quality[key]):>8}" for key in ("mean_absolute_error", "correlation", "auc"))
        yield f"{name:<14}{quality['expected_orders']:>12,.1f}{quality['actual_orders']:>8,}{off:>11}{numbers}"


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.4g}"


def segments_text(found: Mapping[str, Any]) -> str:
    """Segments as a table."""
    lines = [f"segments up to {found['until']}, by {found['model'] or 'silence alone'}"]
    lines += [
        f"{segment['id']:<12}{segment['customers']:>10,}  {segment['definition']}" for segment in found["segments"]
    ]
    return "\n".join(lines)
