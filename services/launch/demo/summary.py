"""What the demo leaves on the terminal: the figures of the day, and where to look further."""

from collections import Counter
from pathlib import Path
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from services.launch.demo.board import Board

BUSY_SECONDS: Final = 1.0
"""With timers later than this the figures speak of the machine, not of the product."""


def summary(board: Board, *, finished: bool) -> RenderableType:
    """The table of the day."""
    title = "The day in figures" if finished else "The day in figures, as far as it went"
    table = Table(title=title, title_justify="left", show_header=False, title_style="bold")
    table.add_column(justify="right", style="bold")
    table.add_column()
    for value, meaning in _rows(board):
        table.add_row(value, meaning)
    late = board.p99()
    busy = Text("This machine was busy: seconds are short deadlines, and some were broken for that alone.\n", "yellow")
    return Group(Text(), table, busy if late is not None and late > BUSY_SECONDS else Text())


def _rows(board: Board) -> list[tuple[str, str]]:
    counts, late = board.counts, board.p99()
    endings = Counter(case.status.replace("_", " ") for case in board.cases.values())
    categories = Counter(case.category.replace("_", " ") for case in board.cases.values())
    unsure = sum(case.needs_person for case in board.cases.values())
    return [
        (str(len(board.cases)), f"disputes filed: {_listed(categories)}"),
        (str(unsure), "of them marked for a person, because the category is unsure"),
        (str(counts["acknowledged"]), "acknowledged by mail"),
        (str(counts["dispute.deadline_warned"]), "warnings before a deadline"),
        (str(counts["dispute.escalated"]), "escalations, each with its reason in the history"),
        (str(counts["dispute.update_owed"]), "updates owed without news"),
        (str(counts["dispute.resolved"]), f"decisions; {counts['dispute.reopened']} reopened by the customer"),
        (f"{board.kept} / {board.missed}", "promises to customers kept / broken"),
        (str(board.mails), "mails written, to customers and to our own people"),
        (
            "-" if late is None else f"{late * 1000:.0f} ms",
            f"99 of 100 timers fired within this of their time ({len(board.lateness)} timers, on this machine)",
        ),
        (str(sum(endings.values())), f"cases as they stand: {_listed(endings)}"),
    ]


def _listed(counter: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counter.most_common())


def further(folder: Path, port: int) -> Text:
    """Where the letters are, and how to go on from here; its lines are meant to be copied whole."""
    return Text.assemble(
        ("Letters      ", "bold"),
        f"{folder / 'mail'}/*.eml\n",
        ("Log          ", "bold"),
        f"{folder / 'recourse.log'}\n",
        ("Look further ", "bold"),
        f"RECOURSE_STATE_DIR={folder} RECOURSE_PORT={port} make run\n",
        ("             ", "bold"),
        f'curl -H "Authorization: Bearer $(cat {folder / "admin_key"})" http://127.0.0.1:{port}/v1/disputes',
    )
