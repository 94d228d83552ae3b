"""Segments of customers."""

from typing import Any

from customers.report.blocks import Chart, Section, Table
from customers.report.charts import Series, bar_chart
from customers.report.words.speech import Speech


def groups_section(document: dict[str, Any], words: Speech) -> Section | None:
    """How many customers each segment holds, what they brought, and one of each with the reason; None without any."""
    segments, language = document["segments"], words.figures.language
    if not segments:
        return None
    names = [segment["name"][language] for segment in segments]
    counts = [segment["customers"] for segment in segments]
    largest = counts.index(max(counts))
    title = words.say("groups.chart")
    says = words.say(
        "groups.chart.says", name=names[largest], share=words.figures.percent(counts[largest] / sum(counts))
    )
    svg = bar_chart(
        [name.partition(":")[0] for name in names],
        [Series(title, counts)],
        title=title,
        description=says,
        tick=words.figures.number,
    )
    chart = Chart(title, svg, _sums(segments, document["value"], words))
    window = words.window(document["from"], document["until"])
    return Section("groups", words.say("groups.title"), window, (chart, _examples(segments, words)))


def _sums(segments: list[dict[str, Any]], value: str, words: Speech) -> Table:
    everybody = sum(segment["customers"] for segment in segments)
    rows = tuple(
        (
            segment["name"][words.figures.language],
            words.figures.number(segment["customers"]),
            words.figures.percent(segment["customers"] / everybody),
            words.figures.money(segment["margin_minor"]),
        )
        for segment in segments
    )
    keys = ("column.segment", "column.customers", "column.of_customers", f"value.{value}")
    return Table(words.say("groups.table"), tuple(words.say(key) for key in keys), rows)


def _examples(segments: list[dict[str, Any]], words: Speech) -> Table:
    language = words.figures.language
    rows = tuple(
        (
            segment["name"][language],
            words.figures.number(segment["customers"]),
            segment["definition"][language],
            segment["example"]["customer"],
            segment["example"]["reason"][language],
        )
        for segment in segments
    )
    keys = ("column.segment", "column.customers", "column.definition", "column.customer", "column.reason")
    return Table(words.say("groups.examples"), tuple(words.say(key) for key in keys), rows, n_texts=5)
