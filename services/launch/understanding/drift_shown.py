"""Drift as a table in the terminal, and as JSON."""

from typing import Any

from rich.console import Console
from rich.table import Table

from shared.domain.drift import MEANING, Compared, Drift


def drift_document(found: Drift) -> dict[str, Any]:
    """Every figure, for a program; shares and the index to four places."""
    return {
        "verdict": found.verdict.value,
        "meaning": MEANING[found.verdict],
        "population_stability_index": round(found.psi, 4),
        "explained_by_chance": round(found.chance, 4),
        "answers": {"last": found.last.total, "this": found.this.total},
        "categories": {
            name: {"last": found.last.categories.get(name, 0), "this": found.this.categories.get(name, 0)}
            for name in _names(found)
        },
        **{name: _compared(each) for name, each in _figures(found).items()},
    }


def show_drift(found: Drift, month: str, console: Console | None = None) -> None:
    """The comparison in words and figures."""
    out = console or Console()
    table = Table("", "last month", month, "", title=f"What was answered in {month}, against the month before")
    for name in _names(found):
        last, this = (each.categories.get(name, 0) for each in (found.last, found.this))
        table.add_row(name, _share(last, found.last.total), _share(this, found.this.total), "")
    for name, each in _figures(found).items():
        verdict = "more than chance" if each.beyond_chance else ""
        table.add_row(name.replace("_", " "), _figure(each.last), _figure(each.this), verdict)
    table.add_row("texts looked at", f"{found.last.total:,}", f"{found.this.total:,}", "")
    out.print(table)
    out.print(
        f"Population stability index {found.psi:.3f} (chance explains {found.chance:.3f}): "
        f"{found.verdict.value.replace('_', ' ')}, {MEANING[found.verdict]}."
    )


def _names(found: Drift) -> list[str]:
    return sorted(found.last.categories.keys() | found.this.categories.keys())


def _figures(found: Drift) -> dict[str, Compared]:
    return {
        "needs_person": found.needs_person,
        "mean_confidence": found.confidence,
        "corrected": found.corrected,
    }


def _compared(each: Compared) -> dict[str, float | bool | None]:
    figures = {name: None if value is None else round(value, 4) for name, value in each._asdict().items()}
    return {**figures, "beyond_chance": each.beyond_chance}


def _share(count: int, total: int) -> str:
    return _figure(count / total if total else None)


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
