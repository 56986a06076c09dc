"""What a benchmark says: a figure, the goal it is held against, and the ratio between both.

A ratio of 1 or more is good whichever way the goal points; figures without a goal are only recorded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from resource import RUSAGE_SELF, getrusage


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number in ``unit``; ``at_most`` goals are limits, the others are least values."""

    what: str
    value: float
    unit: str
    goal: float | None = None
    at_most: bool = False

    @property
    def ratio(self) -> float | None:
        """Return how many times better than the goal the figure is; None without a goal."""
        if self.goal is None:
            return None
        return self.goal / self.value if self.at_most else self.value / self.goal

    @property
    def verdict(self) -> str:
        """Return ``met``, ``missed`` or, without a goal, a dash."""
        return "–" if self.ratio is None else "met" if self.ratio >= 1 else "missed"

    @property
    def shown_goal(self) -> str:
        """Return the goal as it is read in a table."""
        return "–" if self.goal is None else f"{'<' if self.at_most else '>='} {shown(self.goal)} {self.unit}"

    def named(self, part: str) -> Figure:
        """Return the figure under the name of the benchmark it belongs to."""
        return replace(self, what=f"{part}: {self.what}")


def shown(value: float) -> str:
    """Return a number as it is read in a table: no decimals from 100 up, two digits below ten."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.1f}" if abs(value) >= 10 else f"{value:,.2f}"


def peak_memory() -> float:
    """Return the largest resident size this process ever had, in MiB."""
    return getrusage(RUSAGE_SELF).ru_maxrss / 1024


def measured(name: str) -> list[Figure]:
    """Run one benchmark in this process and return its figures; the runner calls it in a fresh one."""
    found: list[Figure] = import_module(f"bench.{name}").figures()
    return found


def quantile(values: Sequence[float], part: float) -> float:
    """Return the smallest value that at least ``part`` (0 to 1) of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * round(part * 1000) // 1000) - 1)]
