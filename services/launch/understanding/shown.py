"""An evaluation, and the report of what was learnt, as tables in the terminal."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from services.launch.understanding.evaluation import Evaluation
from services.launch.understanding.issues import IssueMeasures


def show(found: Evaluation, model: str, console: Console | None = None) -> None:
    """The figures of one model on one file."""
    out = console or Console()
    issues = () if found.issues is None else (_told(found.issues), _issues(found.issues))
    for table in (_figures(found, model), _classes(found), _calibration(found), *issues):
        out.print(table)
    if found.skipped:
        reasons = ", ".join(f"{why} {times:,}" for why, times in sorted(found.skipped.items()))
        out.print(f"Not scored: {sum(found.skipped.values()):,} rows ({reasons}).")


def show_learned(report: Mapping[str, Any], console: Console | None = None) -> None:
    """The report of a model that was just learnt."""
    out = console or Console()
    out.print(f"Learnt from {report['texts']:,} texts: {_counted(report['sources'])}.")
    held_out = report["held_out"].get(report["taxonomy"])
    if held_out is None:
        out.print("Too few texts to hold some out: there are no figures.")
        return
    out.print(_held_out(held_out, report["against_model_in_use"]))
    table = Table("class", title="Held-out texts by class")
    for heading in ("precision", "recall", "F1", "texts"):
        table.add_column(heading, justify="right")
    for name, each in held_out["per_class"].items():
        figures = [f"{each[figure]:.3f}" for figure in ("precision", "recall", "f1")]
        table.add_row(name, *figures, f"{each['texts']:,}")
    out.print(table)
    against = report["against_model_in_use"]
    if against is not None:
        out.print(
            f"Same answer as the model in use: {against['same_answer']:.1%}; "
            f"population stability index {against['population_stability_index']:.3f} "
            f"(chance explains {against['explained_by_chance']:.3f})."
        )


def _held_out(held_out: Mapping[str, Any], against: Mapping[str, Any] | None) -> Table:
    table = Table("held-out texts", "candidate", "in use", caption="The one in use may have learnt from these texts.")
    for name in ("texts", "accuracy", "macro_f1", "ece", "coverage_at_90"):
        table.add_row(name, f"{held_out[name]:.4g}", "-" if against is None else f"{against['in_use'][name]:.4g}")
    return table


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {times:,}" for name, times in counts.items())


def _figures(found: Evaluation, model: str) -> Table:
    measures = found.measures
    table = Table(title=f"{found.plan.file.name}, {found.plan.taxonomy.name} taxonomy, {model}", show_header=False)
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


def _told(found: IssueMeasures) -> Table:
    table = Table("issues", title="Issues", caption="An issue is right where its category is right, too.")
    for heading in ("texts", "told", "precision", "recall"):
        table.add_column(heading, justify="right")
    for name, each in (("all texts", found.all), ("whose category was right", found.category_right)):
        table.add_row(name, f"{each.texts:,}", *map(_figure, (each.told, each.precision, each.recall)))
    return table


def _issues(found: IssueMeasures) -> Table:
    table = Table("issue", title="By issue")
    for heading in ("told", "precision", "recall", "texts"):
        table.add_column(heading, justify="right")
    for name, each in found.issues.items():
        precision, recall = (each.right / whole if whole else None for whole in (each.told, each.texts))
        table.add_row(name, f"{each.told:,}", _figure(precision), _figure(recall), f"{each.texts:,}")
    return table


def _figure(share: float | None) -> str:
    return "-" if share is None else f"{share:.3f}"


def _calibration(found: Evaluation) -> Table:
    table = Table(
        "mean confidence", "right", "texts", title="Calibration", caption="As often right as said, if calibrated."
    )
    for each in found.measures.bins:
        table.add_row(f"{each.mean:.3f}", f"{each.right / each.total:.3f}", f"{each.total:,}")
    return table
