# SPDX-License-Identifier: GPL-3.0-or-later
"""Serve a copy of the seeded Tryton database on a loopback port, as a process of its own.

Usage: .venv-tryton/bin/python erp-demo/tryton/serve.py --seed FILE --run-dir DIR --port N [--fresh]
Copies the seed into DIR when no database is there yet (or --fresh is given), writes DIR/credentials.json and prints
"ready" when it answers; a kill and a second start go on with the same data. Writing an ISO date into DIR/today moves
Tryton's business day. SIGTERM ends it.
"""

import argparse
import datetime as dt
import json
import os
import secrets
import shutil
import signal
import threading
from pathlib import Path

import catalog
import runtime

DATABASE = "purveyor"
ACCOUNTS = ("purveyor", "buyers")


def business_day(run_dir: Path) -> dt.date:
    """Return the day the demo stands on: the content of DIR/today, else the story's first day."""
    path = run_dir / "today"
    text = path.read_text(encoding="utf-8").strip() if path.exists() else ""
    return dt.date.fromisoformat(text or catalog.BUSINESS_DAY)


def prepare(seed: Path, run_dir: Path, fresh: bool) -> None:
    """Put a database into the run folder: the one that is there, or a copy of the seed."""
    run_dir.mkdir(parents=True, exist_ok=True)
    database = run_dir / f"{DATABASE}.sqlite"
    if fresh or not database.exists():
        for leftover in run_dir.glob(f"{DATABASE}.sqlite*"):
            leftover.unlink()
        shutil.copyfile(seed, database)
        (run_dir / "credentials.json").unlink(missing_ok=True)


def issue_credentials(pool, run_dir: Path, port: int) -> None:
    """Give both accounts new passwords and Purveyor a REST key; keep those of an earlier start of the same database."""
    from trytond.transaction import Transaction

    path = run_dir / "credentials.json"
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if not known:
        with Transaction().start(DATABASE, 0) as transaction:
            users, applications = pool.get("res.user"), pool.get("res.user.application")
            passwords = {login: secrets.token_urlsafe(24) for login in ACCOUNTS}
            for login, password in passwords.items():
                (user,) = users.search([("login", "=", login)])
                users.write([user], {"password": password})
            (purveyor,) = users.search([("login", "=", "purveyor")])
            (application,) = applications.create([{"user": purveyor.id, "application": "rest", "key": secrets.token_hex(64)}])
            applications.validate_([application])
            known = {"database": DATABASE, "rest_key": application.key, "passwords": passwords}
            transaction.commit()
    known["url"] = f"http://127.0.0.1:{port}"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        json.dump(known, stream, indent=1)


def one_at_a_time(application):
    """Wrap the application so that requests follow each other: SQLite has one writer."""
    lock = threading.Lock()

    def serialised(environ, start_response):
        with lock:
            return list(application(environ, start_response))

    return serialised


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=Path, required=True)
    parser.add_argument("--run-dir", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--fresh", action="store_true", help="start from the seed even when a database is there")
    options = parser.parse_args()
    prepare(options.seed, options.run_dir, options.fresh)
    runtime.configure(options.run_dir)
    runtime.use_business_day(lambda: business_day(options.run_dir))
    pool = runtime.open_pool(DATABASE)
    issue_credentials(pool, options.run_dir, options.port)

    from trytond.wsgi import app
    from werkzeug.serving import WSGIRequestHandler, make_server

    class QuietRequests(WSGIRequestHandler):
        """Requests are logged by the client that makes them."""

        def log(self, type, message, *args):
            return

    server = make_server("127.0.0.1", options.port, one_at_a_time(app), threaded=True, request_handler=QuietRequests)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    print("ready", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
