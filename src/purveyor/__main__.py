"""``python -m purveyor`` is the ``purveyor`` command."""

from purveyor.cli.main import app

app()
