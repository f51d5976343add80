"""Regime packs from TOML, one file each, checked as a whole before a deadline rests on them.

`python -m shared.policy.regimes > docs/regimes.md` writes the page that lists them.
"""

from collections.abc import Collection, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

from shared.domain.errors import PolicyFault
from shared.domain.regime import Regime
from shared.policy.regime_build import build
from shared.policy.regime_models import RegimeModel
from shared.policy.toml_models import read_toml
from shared.policy.toml_places import line_of, lines_of

PACKS: Final = Path(__file__).with_name("regimes")
"""The folder of the packs the product ships with."""

_FILES_MAX: Final = 500
_FILE_BYTES_MAX: Final = 200_000


def load_packs(folder: Path = PACKS, *, calendars: Collection[str] | None = None) -> tuple[Regime, ...]:
    """The regimes of every *.toml file of a folder, in the order of their ids; a file is named for its regime.

    `calendars` are the names of those there are; None leaves the names unchecked.

    Raises:
        PolicyFault: anything that does not hold, with file, place and line such as `ie.cpc.toml: milestones.1.term, line 27`.
    """
    paths = sorted(folder.glob("*.toml"))
    if not 1 <= len(paths) <= _FILES_MAX:
        raise PolicyFault(folder.name, f"There are 1 to {_FILES_MAX} packs, not {len(paths)}.")
    found = tuple(parse_pack(_text(path), file=path.name, calendars=calendars) for path in paths)
    for path, regime in zip(paths, found, strict=True):
        if path.stem != regime.id:
            raise PolicyFault(f"{path.name}: id", f"The file is named for another regime than {regime.id!r}.")
    _check_precedence(found)
    return found


@lru_cache(maxsize=1)
def shipped() -> tuple[Regime, ...]:
    """The packs the product ships with, read once per process."""
    return load_packs()


def parse_pack(text: str, *, file: str = "", calendars: Collection[str] | None = None) -> Regime:
    """The regime that one TOML text describes; `file` is the name that faults begin with.

    Raises:
        PolicyFault: anything that does not hold, with its place and its line.
    """
    try:
        return build(read_toml(RegimeModel, text), calendars)
    except PolicyFault as fault:
        line = fault.line or line_of(lines_of(text), fault.place)
        place = ": ".join(part for part in (file, fault.place) if part)
        raise PolicyFault(place, fault.detail, line) from fault


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _FILE_BYTES_MAX:
            raise PolicyFault(path.name, f"The file is larger than {_FILE_BYTES_MAX:,} bytes.")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise PolicyFault(path.name, f"The file cannot be read: {fault}.") from fault


def _check_precedence(regimes: Sequence[Regime]) -> None:
    priority = {regime.id: regime.priority for regime in regimes}
    for regime in regimes:
        for other in regime.precludes:
            if other not in priority:
                raise PolicyFault(f"{regime.id}.toml: precludes", f"There is no regime {other!r}.")
            if priority[other] >= regime.priority:
                raise PolicyFault(f"{regime.id}.toml: precludes", f"{other} must have a lower priority than this one.")


def main() -> None:
    """Prints the page of all packs."""
    from shared.policy.regime_page import page

    print(page(shipped()), end="")  # noqa: T201 - a command line


if __name__ == "__main__":
    main()
