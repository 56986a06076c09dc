"""What a step of the story is: a name, what was expected, what happened, and how long it took."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter


@dataclass(frozen=True, slots=True)
class StepResult:
    """One step as it went; ``expected`` and ``actual`` are written for people."""

    name: str
    ok: bool
    expected: str
    actual: str
    seconds: float


@dataclass(frozen=True, slots=True)
class StoryReport:
    """The whole story; ``chain_verified`` says that every event chain was walked and fits."""

    ok: bool
    steps: tuple[StepResult, ...]
    chain_verified: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class Figure:
    """What a step found, beside what it should find."""

    expected: object
    actual: object


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the story: its name and what it does."""

    name: str
    act: Callable[[], Figure]

    def play(self) -> StepResult:
        """Do the step; a failure is a result too, so that the story tells where it stopped."""
        begun = perf_counter()
        try:
            figure = self.act()
        except Exception as error:
            return StepResult(self.name, False, "no error", f"{type(error).__name__}: {error}"[:600], perf_counter() - begun)
        expected, actual = str(figure.expected), str(figure.actual)
        return StepResult(self.name, expected == actual, expected, actual, perf_counter() - begun)
