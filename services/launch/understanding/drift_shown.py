"""Drift as a table in the terminal."""

from rich.console import Console
from rich.table import Table

from shared.domain.drift import MEANING, Drift


def show_drift(found: Drift, month: str, console: Console | None = None) -> None:
    """The comparison in words and figures."""
    out = console or Console()
    table = Table("", "last month", month, "", title=f"What was answered in {month}, against the month before")
    for name in found.names:
        last, this = (each.categories.get(name, 0) for each in (found.last, found.this))
        table.add_row(name, _share(last, found.last.total), _share(this, found.this.total), "")
    for name, each in found.figures.items():
        verdict = "more than chance" if each.beyond_chance else ""
        table.add_row(name.replace("_", " "), _figure(each.last), _figure(each.this), verdict)
    table.add_row("texts looked at", f"{found.last.total:,}", f"{found.this.total:,}", "")
    out.print(table)
    out.print(
        f"Population stability index {found.psi:.3f} (chance explains {found.chance:.3f}): "
        f"{found.verdict.value.replace('_', ' ')}, {MEANING[found.verdict]}."
    )


def _share(count: int, total: int) -> str:
    return _figure(count / total if total else None)


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
