"""`python -m tests.faults [numbers] [--seed N] [--without-guard]`: plays fault scenarios and says what held."""

import argparse
import asyncio
import random
import secrets
import sys
import time
from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.table import Table

from tests.faults.checker import Verdict
from tests.faults.house import House
from tests.faults.scenarios import SCENARIOS, Scenario

SCENARIO_SECONDS_MAX: Final = 300.0
SHOWN_MAX: Final = 5

console = Console(width=150, soft_wrap=True)


async def main(numbers: Sequence[int], seed: int, *, without_guard: bool) -> int:
    """Plays them one after the other; returns the exit code."""
    console.print(f"seed {seed}")
    house = House()
    outcomes: list[tuple[int, Verdict, float]] = []
    try:
        await house.start()
        for number in numbers:
            began = time.monotonic()
            verdict = await _played(house, number, seed, without_guard=without_guard)
            outcomes.append((number, verdict, time.monotonic() - began))
            _tell(number, verdict, time.monotonic() - began, without_guard=without_guard)
    finally:
        await house.stop()
    console.print(_table(outcomes, without_guard=without_guard))
    return 0 if all(verdict.caught if without_guard else verdict.kept for _, verdict, _ in outcomes) else 1


async def _played(house: House, number: int, seed: int, *, without_guard: bool) -> Verdict:
    scenario = SCENARIOS[number]
    rng = random.Random(f"{seed}/{number}")
    try:
        async with asyncio.timeout(SCENARIO_SECONDS_MAX):
            return await scenario.play(house, rng, scenario.guard if without_guard else None)
    except TimeoutError:
        return Verdict(violations=[f"the scenario did not end within {SCENARIO_SECONDS_MAX:g} s"])
    except AssertionError as error:
        return Verdict(violations=[f"the scenario could not be played: {error}"])


def _tell(number: int, verdict: Verdict, seconds: float, *, without_guard: bool) -> None:
    scenario = SCENARIOS[number]
    console.print(f"{number:>3}  {scenario.fault} ({seconds:.0f} s)  {_word(scenario, verdict, without_guard)}")
    for violation in verdict.violations[:SHOWN_MAX]:
        console.print(f"       {violation}")
    if len(verdict.violations) > SHOWN_MAX:
        console.print(f"       and {len(verdict.violations) - SHOWN_MAX} more")


def _word(scenario: Scenario, verdict: Verdict, without_guard: bool) -> str:  # noqa: FBT001 - a word for a truth value
    if not without_guard:
        return "held" if verdict.kept else "BROKEN"
    return f"{scenario.guard} removed → {'caught' if verdict.caught else 'UNNOTICED'}"


def _table(outcomes: Sequence[tuple[int, Verdict, float]], *, without_guard: bool) -> Table:
    table = Table("no.", "fault", "result", "seconds", "what happened", show_lines=False)
    for number, verdict, seconds in outcomes:
        facts = ", ".join(f"{name} {value}" for name, value in verdict.facts.items())
        word = _word(SCENARIOS[number], verdict, without_guard)
        table.add_row(str(number), SCENARIOS[number].fault, word, f"{seconds:.0f}", facts)
    return table


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    parser.add_argument(
        "numbers", nargs="*", type=int, choices=[*SCENARIOS, []], help="scenarios; all if none is named"
    )
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--without-guard", action="store_true", help="expect each to fail with its guard removed")
    told = parser.parse_args()
    sys.exit(asyncio.run(main(told.numbers or list(SCENARIOS), told.seed, without_guard=told.without_guard)))
