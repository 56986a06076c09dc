"""The demo as a person at the terminal sees it: what is being started, each step of the story, where to go, how to sign in.

Loaded by ``purveyor demo`` when it is called.
"""

from __future__ import annotations

import json
import logging
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from threading import Event
from time import perf_counter
from types import FrameType
from typing import Final

import structlog
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from purveyor.core.errors import PurveyorError
from purveyor.demo.partners.mailbox import free_port
from purveyor.demo.people import PASSWORD, PEOPLE
from purveyor.demo.processes import ProcessFailed
from purveyor.demo.story.run import StepResult, StoryReport, run_story
from purveyor.demo.supervisor import alone, playing, serve_requests
from purveyor.demo.world import WEB_PORT, DemoNotReady, World

RESULT_FILE: Final = Path("build") / "demo.json"


class Stage:
    """Tells on one console what happens; what is under way stands in the last line with its seconds."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress: Progress | None = None
        self._doing = ""
        self._since = 0.0

    @contextmanager
    def live(self) -> Iterator[None]:
        """Show what is under way while the block runs; what was under way at its end is written down as done."""
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        with Progress(*columns, console=self._console, transient=True) as self._progress:
            self._progress.add_task("", visible=False)
            try:
                yield
                self._settle()
            finally:
                self._doing, self._progress = "", None

    def say(self, text: str) -> None:
        """Tell what begins now; what was under way before has ended well."""
        self._settle()
        if self._progress is None:
            self._console.print(escape(text))
        else:
            self._doing, self._since = text, perf_counter()
            self._show(text)

    def _settle(self) -> None:
        if self._doing:
            self._console.print(f"[green]✓[/green] {escape(self._doing)}  [dim]{perf_counter() - self._since:.1f} s[/dim]")
        self._doing = ""

    def _show(self, text: str) -> None:
        if self._progress is not None:
            for task in self._progress.task_ids:
                self._progress.reset(task, description=escape(text), visible=True)

    def step(self, result: StepResult) -> None:
        """Tell of one step of the story as it ends, with its figure."""
        mark = "[green]✓[/green]" if result.ok else "[red]✗[/red]"
        self._console.print(f"{mark} {escape(result.name)}  [dim]{result.seconds:.1f} s[/dim]")
        self._console.print(f"    [bold]{escape(result.actual)}[/bold]")
        if not result.ok:
            self._console.print(f"    [red]expected: {escape(result.expected)}[/red]")
        self._show("Playing the next step")

    def failed(self, error: PurveyorError) -> None:
        """Tell why the demo cannot go on: one sentence, and the end of the log of the process that failed."""
        if isinstance(error, ProcessFailed):
            self._console.print(f"[red]{escape(str(error.fields['process']))} did not start. The end of its log:[/red]")
            self._console.print(escape(str(error.fields["log"]).strip()))
        else:
            self._console.print(f"[red]{escape(str(error))}[/red]")

    def show_way_in(self, world: World) -> None:
        """Tell where the demo listens and who may sign in."""
        places = Table(title="Where to go", title_justify="left", show_header=False)
        places.add_row("Purveyor", f"http://127.0.0.1:{world.web_port}")
        places.add_row("Tryton (JSON-RPC)", f"http://127.0.0.1:{world.erp_port}")
        places.add_row("Suppliers' mail (SMTP)", f"127.0.0.1:{world.mailbox.port}")
        places.add_row("Logs", str(world.folder / "run" / "logs"))
        people = Table(title=f"Who to be (everybody's password: {PASSWORD})", title_justify="left")
        for heading in ("Sign-in", "Name", "Role", "Task"):
            people.add_column(heading)
        for one in PEOPLE:
            roles = ", ".join(sorted(role.value.replace("_", " ") for role in one.roles))
            people.add_row(one.login, one.name, roles, one.task)
        self._console.print(places, people)


def perform(*, once: bool) -> int:
    """Start, play, and serve unless ``once``; return the exit code. Whatever was started is stopped."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    console = Console()
    stage = Stage(console)
    previous = signal.signal(signal.SIGTERM, _interrupt)
    world: World | None = None
    try:
        world = World(_checkout(), stage.say)
        with alone(world.folder):
            return _run(world, stage, console, once=once)
    except PurveyorError as error:
        stage.failed(error)
        return 1
    except KeyboardInterrupt:
        return 0 if not once else 130
    finally:
        signal.signal(signal.SIGTERM, previous)


def _run(world: World, stage: Stage, console: Console, *, once: bool) -> int:
    world.web_port = _web_port(console)
    try:
        with stage.live():
            world.start()
        if not once:
            console.print(f"Pages answer at [link]http://127.0.0.1:{world.web_port}[/link] while the story is played.")
        report = play(world, stage)
        if once:
            return 0 if report.ok and report.chain_verified else 1
        stage.show_way_in(world)
        console.print("Serving until Ctrl-C.")
        serve_requests(world, Event(), lambda: _play_again(world, stage))
    finally:
        with _undisturbed():
            console.print("Stopping ...")
            world.stop()
    return 0


def play(world: World, stage: Stage) -> StoryReport:
    """Play the story, tell each step, and keep the result in build/demo.json."""
    with playing(world), stage.live():
        stage.say("Playing the story")
        report = run_story(world, stage.step)
    write_result(world.checkout / RESULT_FILE, report)
    return report


def _play_again(world: World, stage: Stage) -> None:
    play(world, stage)
    stage.show_way_in(world)


def write_result(file: Path, report: StoryReport) -> None:
    """Write what the story's steps expected and found, with their seconds."""
    steps = [{**asdict(step), "seconds": round(step.seconds, 2)} for step in report.steps]
    result = {"ok": report.ok, "steps": steps, "chain_verified": report.chain_verified, "seconds": round(report.seconds, 2)}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", "utf-8")


def _checkout() -> Path:
    """Return the checkout the demo belongs to; raise DemoNotReady where there is none (an installed package)."""
    for folder in (Path.cwd(), Path(__file__).resolve().parents[3]):
        if (folder / "erp-demo").is_dir():
            return folder
    raise DemoNotReady(missing="erp-demo", way_out="start the demo in a checkout, with `make demo`")


def _web_port(console: Console) -> int:
    """Return the usual port of the pages, or a free one when somebody listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            probe.bind(("127.0.0.1", WEB_PORT))
            return WEB_PORT
    port = free_port()
    console.print(f"[yellow]Port {WEB_PORT} is taken; the pages are at port {port}.[/yellow]")
    return port


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let no second Ctrl-C leave half of the processes behind."""
    kept = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, action in kept.items():
            signal.signal(number, action)
