"""The ``purveyor`` command and its sub-commands."""

from __future__ import annotations

import typer

from purveyor.cli.backup import backup, restore
from purveyor.cli.demo import demo
from purveyor.cli.doctor import doctor
from purveyor.cli.key import app as key
from purveyor.cli.key_file import app as key_file
from purveyor.cli.map_codes import map_codes
from purveyor.cli.mapping import mapping
from purveyor.cli.migrate import migrate
from purveyor.cli.policy import app as policy
from purveyor.cli.pull import pull
from purveyor.cli.secret import app as secret
from purveyor.cli.serve import serve
from purveyor.cli.setup import setup
from purveyor.cli.unit import app as unit
from purveyor.cli.user import app as user
from purveyor.cli.verify_log import verify_log
from purveyor.cli.worker import worker

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Orchestration for distribution procurement.")
app.command()(serve)
app.command()(worker)
app.command()(migrate)
app.command()(setup)
app.command()(pull)
app.command("map-codes")(map_codes)
app.command()(mapping)
app.command()(demo)
app.command()(doctor)
app.command()(backup)
app.command()(restore)
app.command("verify-log")(verify_log)
app.add_typer(policy, name="policy")
app.add_typer(key, name="key")
app.add_typer(key_file, name="key-file")
app.add_typer(secret, name="secret")
app.add_typer(unit, name="unit")
app.add_typer(user, name="user")
