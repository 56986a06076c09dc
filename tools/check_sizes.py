"""Keep files and functions small enough to read: a file warns at 400 lines and fails at 600, a function fails at 60.

Run as ``python -m tools.check_sizes FOLDER ...``.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

FILE_WARNS = 400
FILE_FAILS = 600
FUNCTION_FAILS = 60


def long_functions(path: Path) -> Iterator[str]:
    """Yield one sentence per function over the limit, signature and docstring included."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_FAILS:
                yield f"{path}:{node.lineno}: function {node.name} has {lines} lines (limit {FUNCTION_FAILS}): split it"


def main(folders: list[str]) -> int:
    """Print what is too long and return 1 when something fails."""
    failures: list[str] = []
    for path in sorted(path for folder in folders for path in Path(folder).rglob("*.py")):
        lines = len(path.read_text("utf-8").splitlines())
        if lines > FILE_FAILS:
            failures.append(f"{path}: {lines} lines (limit {FILE_FAILS}): split it")
        elif lines > FILE_WARNS:
            print(f"warning: {path}: {lines} lines (over {FILE_WARNS})")
        failures.extend(long_functions(path))
    print("\n".join(failures) if failures else "Sizes: every file and function is within its limit.")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
