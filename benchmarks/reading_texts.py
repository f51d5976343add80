"""What reading a complaint's text costs: microseconds a text, memory, cold load, and its share of filing over HTTP.

`python -m benchmarks.reading_texts` reads texts in turn, so that each finds the processor's caches as the others left
them. The texts are the project's own, strung together to the length of a median complaint; with the sample data beside
the repository (or where RECOURSE_SAMPLE_DATA names it), real complaints of about that length as well. `--no-door`
leaves out the share of filing, which takes some twenty seconds.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
import tomllib
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Final

import orjson

from benchmarks.stage import ROOT, load, product
from services.intake.categorise import Categoriser, read_complaint
from services.intake.categorise.reading import read
from services.intake.categorise.signals import signals_in
from services.launch.understanding.corpus import rows
from shared.runtime.process import run

WRITTEN: Final = ROOT / "services" / "launch" / "understanding" / "written" / "messages.toml"
MEDIAN_CHARACTERS: Final = 796
"""Of the consumer complaints of the sample data."""
TEXTS: Final = 400
ROUNDS: Final = 10
BATCH: Final = 200
_LOADING: Final = """
import asyncio, hashlib, json, msgspec, resource, sys, time, zlib

def memory():
    if sys.platform == "darwin":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with open("/proc/self/statm") as pages:
        return int(pages.read().split()[1]) * resource.getpagesize()

before, begun = memory(), time.process_time()
from services.intake.categorise import Categoriser
imported = time.process_time()
categoriser = Categoriser.load()
print(imported - begun, time.process_time() - imported, memory() - before)
"""


async def main() -> int:
    """Prints every figure; returns 0."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--no-door", action="store_true", help="without the share of filing over HTTP")
    parser.add_argument("--seconds", type=float, default=8, help="of filing, for each way")
    given = parser.parse_args()
    _loading()
    categoriser = Categoriser.load()
    own = written_texts()
    median = _told("our own texts", categoriser, own)
    _parts(categoriser, own)
    if real := real_texts():
        _told("real complaints", categoriser, real)
        _parts(categoriser, real)
    if not given.no_door:
        await _share(own, median, given.seconds)
    return 0


def written_texts() -> list[str]:
    """The project's own texts, strung together at random to about the length of a median complaint."""
    entries = [entry for entries in tomllib.loads(WRITTEN.read_text())["shop"].values() for entry in entries]
    texts = [entry if isinstance(entry, str) else entry["text"] for entry in entries]
    dice = Random(7)
    return [_strung(texts, dice) for _ in range(TEXTS)]


def _strung(texts: Sequence[str], dice: Random) -> str:
    strung = dice.choice(texts)
    while len(strung) < MEDIAN_CHARACTERS:
        strung += " " + dice.choice(texts)
    return strung[:MEDIAN_CHARACTERS]


def real_texts() -> list[str]:
    """Consumer complaints of about the median length, or none where the sample data is not at hand."""
    data = Path(os.environ.get("RECOURSE_SAMPLE_DATA", ROOT.parent / "shared" / "data"))
    texts = [
        row["text"]
        for name in ("cfpb", "cfpb_payday")
        for path in data.glob(f"**/{name}.csv.gz")
        for row in rows(name, path.parent)
    ]
    nearest = sorted(texts, key=lambda text: abs(len(text) - MEDIAN_CHARACTERS))[:TEXTS]
    Random(7).shuffle(nearest)
    return nearest


def _loading() -> None:
    told = subprocess.run([sys.executable, "-c", _LOADING], cwd=ROOT, capture_output=True, check=True, text=True)
    importing, loading, memory = map(float, told.stdout.split())
    print(
        f"cold start: phrases {importing * 1000:.0f} ms, model {loading * 1000:.0f} ms of processor time, "
        f"{memory / 1e6:.0f} MB of memory"
    )


def _told(name: str, categoriser: Categoriser, texts: Sequence[str]) -> float:
    taken = []
    for text in list(texts) * (1 + ROUNDS):
        begun = time.perf_counter_ns()
        read_complaint(categoriser, "", text)
        taken.append((time.perf_counter_ns() - begun) / 1_000)
    taken = sorted(taken[len(texts) :])  # the first round warms up and is not counted
    middle = statistics.median(taken)
    print(
        f"{name}: {len(texts)} of {round(statistics.median(map(len, texts)))} characters in turn, microseconds each: "
        f"p10 {_at(taken, 0.1):.0f}, p50 {middle:.0f}, p99 {_at(taken, 0.99):.0f}",
        flush=True,
    )
    return middle


def _parts(categoriser: Categoriser, texts: Sequence[str]) -> None:
    search, clock = categoriser.model.search, time.perf_counter_ns
    steps: dict[str, list[int]] = {name: [] for name in ("normalised", "found", "category", "signals")}
    for text in list(texts) * 2:
        begun = clock()
        reading = read("", text)
        normalised = clock()
        findings = search(reading.normalised)
        found = clock()
        categoriser.of_reading(reading, findings)
        categorised = clock()
        signals_in(reading, findings.hits)
        ends = (normalised, found, categorised, clock())
        for taken, start, end in zip(steps.values(), (begun, *ends), ends, strict=False):
            taken.append(end - start)
    print("  of which", ", ".join(f"{name} {statistics.median(taken) / 1_000:.0f}" for name, taken in steps.items()))
    findings_of = [search(read("", text).normalised) for text in texts]
    patterns = statistics.median(each.found for each in findings_of)
    hits = statistics.median(len(each.hits) for each in findings_of)
    print(f"  found in a text: {patterns:.0f} of the model's patterns, {hits:.0f} phrases", flush=True)


async def _share(texts: Sequence[str], median: float, seconds: float) -> None:
    """Of a door of one process kept busy by several clients: reading's microseconds over those of one dispute."""

    def dispute(number: int) -> dict[str, object]:
        customer = {"name": "Ada Jones", "email": f"ada{number}@example.org"}
        return {"customer": customer, "subject": "Complaint", "description": texts[number % len(texts)]}

    async with product(door_alone=True) as stage:
        single = await load(
            stage.port, lambda n: orjson.dumps(dispute(n)), path="/v1/disputes", clients=16, seconds=seconds
        )
        many = await load(
            stage.port,
            lambda n: orjson.dumps({"disputes": [dispute(n * BATCH + at) for at in range(BATCH)]}),
            path="/v1/disputes/batch",
            clients=2,
            seconds=seconds,
        )
    if single.failures or many.failures:
        raise SystemExit(f"{single.failures + many.failures} requests were not answered as they should be.")
    for name, rate in (("POST /v1/disputes", single.per_second), ("a batch of them", many.per_second * BATCH)):
        print(f"  {name}: {1e6 / rate:.0f} us a dispute at {rate:.0f}/s, reading is {median * rate / 1e4:.0f} % of it")


def _at(taken: Sequence[float], share: float) -> float:
    return taken[int(share * len(taken))]


if __name__ == "__main__":
    raise SystemExit(run(main()))
