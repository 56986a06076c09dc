"""House rules that no linter knows: clocks, floats, words, ignore lists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "purveyor"


def python_files(*folders: Path) -> Iterator[Path]:
    for folder in folders:
        yield from sorted(folder.rglob("*.py"))


def places(pattern: str, files: Iterator[Path], but: frozenset[str] = frozenset()) -> list[str]:
    """Every line that matches, as file:line: text, except in the files named."""
    wanted = re.compile(pattern)
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in files
        if str(path.relative_to(SOURCE.parent.parent)) not in but
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if wanted.search(line)
    ]


def test_nothing_reads_the_clock_but_the_database_module() -> None:
    clock = r"(datetime\.(now|utcnow|today)|date\.today|time\.time)\("

    assert places(clock, python_files(SOURCE), but=frozenset({"src/purveyor/store/db.py"})) == []


@pytest.mark.parametrize("layer", ["core", "app", "connectors", "store"])
def test_no_binary_float_comes_near_money_or_quantities(layer: str) -> None:
    assert places(r"\bfloat\(", python_files(SOURCE / layer)) == []


def test_a_supplier_is_never_called_by_another_word() -> None:
    assert places(r"(?i)\bvendors?\b|vendor_(id|code|name)", python_files(SOURCE)) == []


def test_no_check_is_switched_off_in_the_code() -> None:
    # The words are put together here so that this file does not find itself.
    marks = "|".join(("type: *" + "ignore", "no" + "qa", "pragma: *" + "no cover", "TO" + "DO", "FIX" + "ME"))

    assert places(marks, python_files(SOURCE, ROOT / "tests", ROOT / "bench", ROOT / "tools")) == []


def test_import_contracts_have_no_exceptions_list() -> None:
    text = (ROOT / "pyproject.toml").read_text("utf-8")

    assert "ignore_imports" not in text
    assert "unmatched_ignore" not in text


def test_no_imports_for_type_checkers_only() -> None:
    assert places(r"\bTYPE_CHECKING\b", python_files(SOURCE)) == []


def test_imports_stand_at_the_top_except_in_commands() -> None:
    inside = [place for place in places(r"^\s+(import|from) [\w.]+( import .*)?$", python_files(SOURCE)) if "/cli/" not in place]

    assert inside == []
