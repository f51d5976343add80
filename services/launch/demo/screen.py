"""The screen: figures above, what comes in, who has it, and what happens, redrawn a few times a second."""

from collections.abc import Sequence
from typing import Final

from rich.console import Group, RenderableType
from rich.layout import Layout
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from services.launch.demo.board import ENDED, Board, FeedLine, Watched

WIDE: Final = 120
TONES: Final = {
    "worried": "yellow",
    "frustrated": "dark_orange",
    "angry": "red",
    "distressed": "bold red",
    "calm": "dim",
}


def drawn(board: Board, *, elapsed: float, now: float, width: int, height: int) -> RenderableType:
    """The whole screen; `now` is monotonic, as the board's clocks are."""
    body = max(6, height - 4)
    coming, tiers = max(5, min(10, body // 4 + 1)), max(6, min(12, body // 3))
    feed = body - coming - tiers
    layout = Layout()
    layout.split_column(
        Layout(_figures(board, elapsed), size=4),
        Layout(_coming(board, coming - 2, width), size=coming),
        Layout(_tiers(board, now, tiers - 3, width), size=tiers),
        Layout(_feed(board.feed, feed - 2, width)),
    )
    return layout


def _figures(board: Board, elapsed: float) -> RenderableType:
    """Two rows of figures under the name of the show, and the deadlines of its day below them."""
    return Panel(
        Group(*figures(board)),
        title=f"[bold]Recourse[/bold] · a complaints desk, whose days last seconds · {elapsed:.0f} s",
        title_align="left",
        subtitle=f"[dim]{board.deadlines}[/dim]",
        subtitle_align="left",
        border_style="blue",
        padding=(0, 1),
    )


def figures(board: Board) -> tuple[Text, Text]:
    """What came in and how it goes; how the promises stand. Each fits into 76 columns."""
    late, counts = board.p99(), board.counts
    ended = sum(case.status in ENDED for case in board.cases.values())
    work = [
        (f"{len(board.cases)} of {board.expected}", "filed", "bold"),
        (str(counts["acknowledged"]), "acknowledged", "bold cyan"),
        (str(counts["dispute.escalated"]), "escalated", "bold magenta"),
        (str(counts["dispute.resolved"]), "decided", "bold green"),
        (str(ended), "ended", "bold green"),
    ]
    kept = [
        (str(board.kept), "promises kept", "bold green"),
        (str(board.missed), "broken", "bold red" if board.missed else "bold"),
        (str(board.mails), "mails", "bold cyan"),
        ("-" if late is None else f"{late * 1000:.0f} ms", "timers late (p99)", "bold"),
    ]
    return _sentence(work), _sentence(kept)


def _sentence(parts: Sequence[tuple[str, str, str]]) -> Text:
    return Text("  ", no_wrap=True).join(Text.assemble((value, tone), f" {name}") for value, name, tone in parts)


def _coming(board: Board, rows: int, width: int) -> RenderableType:
    table = Table(box=None, expand=True, padding=(0, 1), show_header=False)
    table.add_column(width=3, justify="right", style="bold")
    table.add_column(ratio=3, no_wrap=True, overflow="ellipsis")
    table.add_column(width=19, no_wrap=True)
    table.add_column(width=5, justify="right", no_wrap=True)
    table.add_column(ratio=2, no_wrap=True, overflow="ellipsis")
    if width >= WIDE:
        table.add_column(width=12, justify="right", no_wrap=True)
        table.add_column(width=12, no_wrap=True, style="dim")
    for case in list(board.cases.values())[-rows:]:
        table.add_row(*_row(case, wide=width >= WIDE))
    return Panel(table, title="Coming in: category, certainty, signals", title_align="left", padding=0)


def _row(case: Watched, *, wide: bool) -> list[RenderableType]:
    sure = Text(f"{case.confidence:.0%}", style="yellow" if case.needs_person else "green")
    category = Text(case.category.replace("_", " "), style="yellow" if case.needs_person else "")
    signals = Text(" · ", style="dim").join(
        Text(name.replace("_", " "), style=TONES.get(name, "bold magenta")) for name in case.signals
    )
    row: list[RenderableType] = [str(case.number), case.subject, category, sure, signals]
    return [*row, case.amount, case.channel.replace("_", " ")] if wide else row


def _tiers(board: Board, now: float, rows: int, width: int) -> RenderableType:
    """One column for each tier, the most pressing case first."""
    table = Table(box=None, expand=True, padding=(0, 1))
    columns = []
    for tier, title in enumerate(board.tiers, 1):
        held = [case for case in board.cases.values() if case.open and (case.tier or 1) == tier]
        table.add_column(f"{len(held)} · {title}", ratio=1, no_wrap=True, overflow="ellipsis")
        columns.append(_column(held, now, rows, bar=5 if width >= WIDE else 3))
    table.add_row(*columns)
    return Panel(table, title="Who has it, and how much of their time is used", title_align="left", padding=0)


def _column(held: Sequence[Watched], now: float, rows: int, *, bar: int) -> RenderableType:
    ordered = sorted(held, key=lambda case: -(case.used(now) or 0.0))
    shown = ordered if len(ordered) <= rows else ordered[: rows - 1]
    lines = [_held(case, case.used(now), bar) for case in shown]
    if len(shown) < len(ordered):
        lines.append(Text(f"and {len(ordered) - len(shown)} more", style="dim"))
    return Group(*lines)


def _held(case: Watched, used: float | None, bar: int) -> Text:
    waiting = case.status == "awaiting_customer"
    filled = round((used or 0.0) * bar)
    tone = "blue" if waiting else _pressure(used or 0.0)
    line = Text(f"{case.number:>2} ", no_wrap=True, overflow="ellipsis")
    line.append("━" * filled, tone).append("━" * (bar - filled), "grey30")
    return line.append(f" {'‖ ' if waiting else ''}{case.subject}", "blue" if waiting else "")


def _pressure(used: float) -> str:
    if used < 0.5:
        return "green"
    return "yellow" if used < 0.75 else "red"


def _feed(lines: Sequence[FeedLine], rows: int, width: int) -> RenderableType:
    return Panel(
        Group(*(feed_line(line, width - 4) for line in list(lines)[-max(1, rows) :])),
        title="What happens",
        title_align="left",
        padding=(0, 1),
    )


def feed_line(line: FeedLine, width: int) -> Text:
    """One line of the feed, cut to the width: when, which case, what."""
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append(f"{line.at:5.1f}s ", "dim").append(f"{line.number:>3} ", "bold")
    text.append(f"{line.said.mark} {line.said.text}", line.said.tone).append(f"  {line.subject}", "dim")
    text.truncate(width, overflow="ellipsis")
    return text
