"""All sections, in reading order."""

from typing import Any

from customers.report.blocks import Section
from customers.report.sections.brought import brought_section
from customers.report.sections.cash import cash_section
from customers.report.sections.groups import groups_section
from customers.report.sections.known import known_section
from customers.report.sections.limits import limits_section
from customers.report.sections.newcomers import newcomers_section, retention_section
from customers.report.sections.offers import offers_section
from customers.report.sections.overview import overview_section
from customers.report.sections.trade import profit_section
from customers.report.words.speech import Speech


def sections(document: dict[str, Any], words: Speech) -> list[Section]:
    """What the report says, overview first; books without entries have only that."""
    if document["from"] is None:
        return [overview_section(document, words)]
    found = [
        overview_section(document, words),
        brought_section(document, words),
        profit_section(document, words),
        cash_section(document, words),
        known_section(document, words),
        newcomers_section(document, words),
        retention_section(document, words),
        groups_section(document, words),
        offers_section(document, words),
        limits_section(document, words),
    ]
    return [section for section in found if section is not None]
