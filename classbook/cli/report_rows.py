"""The figures of a report as rows of a table."""

from __future__ import annotations

from collections.abc import Iterator

from classbook.cli.output import Row


def counts(report: Row) -> Iterator[tuple[str, int]]:
    """(name, count); those of the other kinds are named like events.total."""
    for name, value in report.items():
        if isinstance(value, dict):
            yield from ((f"{name}.{inner}", count) for inner, count in counts(value))
        elif not isinstance(value, list):
            yield name, value


def places(report: Row) -> Iterator[Row]:
    """How many places of each offering are confirmed; of classes by their own word for it, too."""
    for row in report["confirmed_seats"]:
        yield {
            "figure": "confirmed_seats",
            "class_id": row["class_id"],
            "offering_id": row["class_id"],
            "value": row["confirmed"],
        }
    for kind, figures in report.items():
        if isinstance(figures, dict):
            for row in figures["confirmed_seats"]:
                yield {
                    "figure": f"{kind}.confirmed_seats",
                    "offering_id": row["offering_id"],
                    "value": row["confirmed"],
                }
