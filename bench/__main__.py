"""Run every benchmark and print one table: figure, goal, ratio, verdict. ``make bench``.

Each benchmark runs in a process of its own, so that its peak memory is its own. Arguments name the benchmarks to run (all of
them otherwise); ``--record`` writes the table to bench/RESULTS.md as well. Exits with 1 when a goal was missed.
"""

from __future__ import annotations

import datetime as dt
import multiprocessing
import os
import platform
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Final

from bench.figures import Figure, measured, shown
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

BENCHMARKS: Final = {
    "gate": "Gate",
    "intake_to_issued": "Intake to issued",
    "answer_to_inbox": "Answer to inbox",
}
"""Module -> its name in the table; every module has ``figures()``."""

RESULTS: Final = Path(__file__).parent / "RESULTS.md"
MEASURED: Final = "<!-- measured -->"
"""Everything below this mark in RESULTS.md is written by ``--record``."""


def run_all(names: Sequence[str], console: Console) -> tuple[list[Figure], list[str]]:
    """Run benchmarks one after the other; return their figures, and the names of those that did not end."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    found: list[Figure] = []
    broken: list[str] = []
    with Progress(*columns, console=console) as progress:
        for name in names:
            task = progress.add_task(BENCHMARKS[name], total=1)
            with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
                begun = process.submit(measured, name)
                problem = begun.exception()
                if problem is None:
                    found += [figure.named(BENCHMARKS[name]) for figure in begun.result()]
                else:
                    broken.append(name)
                    console.print(f"{BENCHMARKS[name]} did not end: {problem!r}")
            progress.update(task, completed=1)
    return found, broken


def rows(figures: Sequence[Figure]) -> list[tuple[str, ...]]:
    """Return the figures as rows of text: what, figure, goal, ratio, verdict."""
    return [
        (
            figure.what,
            f"{shown(figure.value)} {figure.unit}",
            figure.shown_goal,
            "–" if figure.ratio is None else f"{figure.ratio:.2f}",
            figure.verdict,
        )
        for figure in figures
    ]


def on_screen(figures: Sequence[Figure]) -> Table:
    """Return the table for the terminal."""
    table = Table("Benchmark", "Figure", "Goal", "Ratio", "Verdict", title="Benchmarks")
    for row in rows(figures):
        table.add_row(*row)
    return table


def record(figures: Sequence[Figure], names: Sequence[str]) -> None:
    """Write the table below the mark in RESULTS.md, with date, machine and command."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    machine = f"{len(os.sched_getaffinity(0))} cores, {memory:.0f} GiB, Python {platform.python_version()}, {platform.system()}"
    command = "make bench" if list(names) == list(BENCHMARKS) else f"python -m bench {' '.join(names)}"
    load = f"load average of the last 15 minutes {os.getloadavg()[2]:.1f}"
    lines = [
        f"Measured on {dt.datetime.now(dt.UTC):%Y-%m-%d} with `{command}`: {machine}; {load}.",
        "",
        "| Benchmark | Figure | Goal | Ratio | Verdict |",
        "|---|---:|---:|---:|---|",
        *("| " + " | ".join(row) + " |" for row in rows(figures)),
    ]
    kept = RESULTS.read_text("utf-8").partition(MEASURED)[0]
    RESULTS.write_text(f"{kept}{MEASURED}\n\n" + "\n".join(lines) + "\n", "utf-8")


def main(arguments: Sequence[str]) -> int:
    """Run what was asked for, print the table and return 1 when a goal was missed."""
    console = Console()
    names = [name for name in arguments if not name.startswith("--")] or list(BENCHMARKS)
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        console.print(f"No benchmark is called {unknown[0]}; there are {', '.join(BENCHMARKS)}.")
        return 2
    figures, broken = run_all(names, console)
    console.print(on_screen(figures))
    if "--record" in arguments:
        record(figures, names)
    return 1 if broken or any(figure.verdict == "missed" for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
