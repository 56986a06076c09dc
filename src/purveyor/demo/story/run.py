"""The whole story in order. Every figure comes out of the running product, none is written here as a result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter

from purveyor.core.access import SYSTEM
from purveyor.demo.story import acquired, answers, bills, dock, morning, outage
from purveyor.demo.story.cast import Cast
from purveyor.demo.story.steps import Figure, Step, StepResult, StoryReport
from purveyor.demo.world import World
from purveyor.store import event_verify

__all__ = ["StepResult", "StoryReport", "run_story"]


def run_story(world: World, report: Callable[[StepResult], None]) -> StoryReport:
    """Play the story on a started world, telling of each step as it ends; it goes on after a failed step."""
    begun = perf_counter()
    cast = Cast(world)
    results: list[StepResult] = []
    verified: list[bool] = []
    for step in (*_steps(cast), Step("Every event chain verifies", lambda: _verify(cast, verified))):
        result = step.play()
        results.append(result)
        report(result)
    ok = all(result.ok for result in results)
    return StoryReport(ok, tuple(results), verified == [True], perf_counter() - begun)


def _steps(cast: Cast) -> Sequence[Step]:
    chapters = (morning, outage, answers, dock, bills, acquired)
    return [step for chapter in chapters for step in chapter.steps(cast)]


def _verify(cast: Cast, verified: list[bool]) -> Figure:
    with cast.world.database.read(SYSTEM) as tx:
        found = event_verify.verify(tx)
    verified.append(found.broken is None)
    return Figure("no broken row", "no broken row" if found.broken is None else str(found.broken))
