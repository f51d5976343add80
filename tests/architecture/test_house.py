"""The rules of the house that a machine can hold."""

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.domain.lifecycle import TRANSITIONS

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
FORBIDDEN_NAMES = {"utils", "helpers", "common", "manager", "base", "misc"}


def kept_files() -> list[Path]:
    """What the repository holds or is about to hold; not what somebody left lying about."""
    command = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return [ROOT / name for name in listed if (ROOT / name).is_file()]


FILES = kept_files()
PRODUCT = [f for f in FILES if f.suffix == ".py" and f.relative_to(ROOT).parts[0] in {"services", "shared"}]


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_no_module_is_longer_than_300_lines() -> None:
    long = [p for p in PRODUCT if "versions" not in p.parts and len(p.read_text().splitlines()) > 300]
    assert not long


def test_no_function_is_longer_than_50_lines() -> None:
    long = [
        f"{path.relative_to(ROOT)}:{f.lineno} {f.name}"
        for path in PRODUCT
        if "versions" not in path.parts
        for f in functions(path)
        if (f.end_lineno or f.lineno) - f.lineno >= 50
    ]
    assert not long


def test_no_file_is_a_drawer_for_everything() -> None:
    assert not [p for p in PRODUCT if p.stem in FORBIDDEN_NAMES]


def test_leaving_the_transaction_is_the_only_commit() -> None:
    assert not [p for p in PRODUCT if ".commit(" in p.read_text()]


def test_no_registry_and_no_path_of_a_machine_is_named() -> None:
    hosts = "|".join(["pypi" + r"\.org", "python" + "hosted", r"registry\." + "npmjs", r"deb\." + "debian" + r"\.org"])
    wrong = re.compile(hosts)
    texts = ((p, p.read_bytes()) for p in FILES)
    assert not [p for p, raw in texts if b"\0" not in raw[:1000] and wrong.search(raw.decode(errors="replace"))]


def test_no_two_kinds_of_work_hold_each_other_off_by_one_number() -> None:
    locks = re.compile(r"^_?LOCK(?:_OF_\w+)?(?:: Final)? = ([\d_]+)$", re.MULTILINE)
    numbers = [int(number) for path in PRODUCT for number in locks.findall(path.read_text())]
    assert len(numbers) >= 5
    assert len(set(numbers)) == len(numbers)


def test_every_dependency_earns_its_line() -> None:
    text = (ROOT / "docs" / "dependencies.md").read_text()
    wanted = [*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["dev"]]
    names = [re.split(r"[\[>=;<! ]", dependency)[0] for dependency in wanted]
    assert [name for name in names if f"`{name}`" not in text] == []


@pytest.mark.parametrize("lock", ["run.txt", "dev.txt"])
def test_every_dependency_is_pinned_by_hash_and_no_lock_holds_an_address(lock: str) -> None:
    text = (ROOT / "locks" / lock).read_text()
    pinned = re.findall(r"^[a-z0-9][\w.\-\[\]]*==", text, re.MULTILINE)
    blocks = re.split(r"^(?=[a-z0-9][\w.\-\[\]]*==)", text, flags=re.MULTILINE)[1:]
    assert pinned
    assert all("--hash=sha256:" in block for block in blocks)
    assert "://" not in text


def test_the_lifecycle_in_the_documentation_is_the_one_in_the_code() -> None:
    text = (ROOT / "docs" / "lifecycle.md").read_text()
    told = re.findall(r"^\| `(\w+)` \| `(\w+)` \| `(\w+)` \|$", text, re.MULTILINE)
    assert sorted(told) == sorted((s.value, t.value, after.value) for (s, t), after in TRANSITIONS.items())
