"""Samples that stand beside this file, and where others may be found."""

import os
from pathlib import Path

HERE = Path(__file__).parent
ROOT = Path(__file__).parents[2]


def sample(name: str, **replaced: str) -> bytes:
    """The bytes of `mail/complaint.eml` and the like; each placeholder in capitals is replaced."""
    raw = (HERE / name).read_bytes()
    for placeholder, value in replaced.items():
        assert placeholder.encode() in raw
        raw = raw.replace(placeholder.encode(), value.encode())
    return raw


def samples(folder: str, pattern: str = "*") -> list[Path]:
    """The samples of one kind, in order."""
    return sorted((HERE / folder).glob(pattern))


def others(*parts: str) -> Path:
    """A folder of third-party samples that is no part of this repository; it may not exist."""
    base = os.environ.get("RECOURSE_SAMPLE_DATA")
    return (Path(base) if base else ROOT.parent / "shared" / "data").joinpath(*parts)
