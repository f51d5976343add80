"""An evaluation as tables in the terminal."""

from rich.console import Console
from rich.table import Table

from services.launch.understanding.evaluation import Evaluation


def show(found: Evaluation, model: str, console: Console | None = None) -> None:
    """The figures of one model on one file."""
    out = console or Console()
    for table in (_figures(found, model), _classes(found), _calibration(found)):
        out.print(table)
    if found.skipped:
        reasons = ", ".join(f"{why} {times:,}" for why, times in sorted(found.skipped.items()))
        out.print(f"Not scored: {sum(found.skipped.values()):,} rows ({reasons}).")


def _figures(found: Evaluation, model: str) -> Table:
    measures = found.measures
    pack = "financial" if found.plan.financial else "general"
    table = Table(title=f"{found.plan.file.name}, {pack} taxonomy, {model}", show_header=False)
    rows = {
        "texts": f"{measures.texts:,}",
        "accuracy": f"{measures.accuracy:.3f}",
        "macro-F1 of the classes that occur": f"{measures.macro_f1:.3f}",
        "expected calibration error": f"{measures.ece:.3f}",
        "coverage at 90 % precision (threshold set afterwards)": f"{measures.coverage_at_90:.3f}",
        "at the model's own threshold": _at_threshold(found),
        "us per text": f"p50 {measures.us_p50:.0f}, p99 {measures.us_p99:.0f}",
    }
    for name, value in rows.items():
        table.add_row(name, value)
    return table


def _at_threshold(found: Evaluation) -> str:
    measures = found.measures
    if not measures.threshold_coverage:
        return "no text answered"
    return f"coverage {measures.threshold_coverage:.3f}, precision {measures.threshold_precision:.3f}"


def _classes(found: Evaluation) -> Table:
    table = Table("class", title="By class")
    for heading in ("precision", "recall", "F1", "texts"):
        table.add_column(heading, justify="right")
    for name, each in found.measures.categories.items():
        table.add_row(name, f"{each.precision:.3f}", f"{each.recall:.3f}", f"{each.f1:.3f}", f"{each.texts:,}")
    return table


def _calibration(found: Evaluation) -> Table:
    table = Table(
        "mean confidence", "right", "texts", title="Calibration", caption="As often right as said, if calibrated."
    )
    for each in found.measures.bins:
        table.add_row(f"{each.mean:.3f}", f"{each.right / each.total:.3f}", f"{each.total:,}")
    return table
