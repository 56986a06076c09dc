"""``purveyor demo``: a whole distributor on this machine, with a real ERP, playing its story and open to visitors."""

from __future__ import annotations

from typing import Annotated

import typer


def demo(
    once: Annotated[bool, typer.Option("--once", help="Play the story once, write build/demo.json, and end.")] = False,
) -> None:
    """Start the demo distributor, play its story and serve its pages until Ctrl-C.

    With --once the exit code is 1 when a step of the story failed.
    """
    from purveyor.cli.demo_stage import perform

    raise typer.Exit(perform(once=once))
