"""What a person at the terminal sees of the demo, and the file that a machine reads."""

from __future__ import annotations

import json
from contextlib import suppress
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from purveyor.cli import demo_stage
from purveyor.cli.demo_stage import Stage, write_result
from purveyor.cli.main import app
from purveyor.demo.processes import ProcessFailed
from purveyor.demo.story.run import StepResult, StoryReport

GOOD = StepResult("240 cartons stopped", True, "228,096.00 USD", "228,096.00 USD", 1.234)
BAD = StepResult("Chains verify", False, "no broken row", "order 1, position 2", 0.5)


@pytest.fixture
def screen() -> StringIO:
    """Where the stage writes."""
    return StringIO()


@pytest.fixture
def stage(screen: StringIO) -> Stage:
    """A stage that writes to a wide screen without colours."""
    return Stage(Console(file=screen, width=200))


def test_each_step_is_told_with_its_figure_and_a_failed_one_with_what_was_expected(stage: Stage, screen: StringIO) -> None:
    stage.step(GOOD)
    stage.step(BAD)

    told = screen.getvalue()
    assert "✓ 240 cartons stopped  1.2 s" in told
    assert "    228,096.00 USD" in told
    assert "✗ Chains verify  0.5 s" in told
    assert "expected: no broken row" in told


def test_what_was_under_way_is_told_as_done_when_the_next_thing_begins(stage: Stage, screen: StringIO) -> None:
    with stage.live():
        stage.say("Starting [Tryton]")
        stage.say("Starting the workers")

    told = screen.getvalue()
    assert "✓ Starting [Tryton]" in told
    assert "✓ Starting the workers" in told


def test_what_failed_is_not_told_as_done(stage: Stage, screen: StringIO) -> None:
    with suppress(ProcessFailed), stage.live():
        stage.say("Starting the workers")
        raise ProcessFailed(process="worker-1", log="")

    assert "✓" not in screen.getvalue()


def test_a_process_that_does_not_start_is_named_with_the_end_of_its_log(stage: Stage, screen: StringIO) -> None:
    stage.failed(ProcessFailed(process="web", exit=1, log="...\nport [8080] in use\n"))

    assert "web did not start" in screen.getvalue()
    assert "port [8080] in use" in screen.getvalue()


def test_the_result_file_says_step_by_step_what_was_expected_and_found(tmp_path: Path) -> None:
    file = tmp_path / "build" / "demo.json"

    write_result(file, StoryReport(False, (GOOD, BAD), True, 61.5))

    written = json.loads(file.read_text("utf-8"))
    assert written.keys() == {"ok", "steps", "chain_verified", "seconds"}
    assert (written["ok"], written["chain_verified"], written["seconds"]) == (False, True, 61.5)
    assert written["steps"][1] == {
        "name": "Chains verify",
        "ok": False,
        "expected": "no broken row",
        "actual": "order 1, position 2",
        "seconds": 0.5,
    }


def test_a_missing_erp_environment_is_one_sentence_and_nothing_is_left_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "erp-demo").mkdir()
    monkeypatch.chdir(tmp_path)

    result = CliRunner().invoke(app, ["demo", "--once"])

    assert result.exit_code == 1
    assert ".venv-tryton" in result.stdout
    assert "make demo" in result.stdout
    assert "Traceback" not in result.stdout


def test_outside_a_checkout_the_way_out_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(demo_stage, "__file__", str(tmp_path / "a" / "b" / "c" / "d.py"))

    result = CliRunner().invoke(app, ["demo"])

    assert result.exit_code == 1
    assert "checkout" in result.stdout
