"""The processes of the demo: Tryton behind a cable, Postgres, web, workers and the partners; started, restored, stopped.

The first start builds two seeds (the ERP's database and ours) and keeps them as files; every start begins with fresh copies.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from purveyor.connectors.erp.contract import START
from purveyor.connectors.erp.tryton.connector import TrytonAccess, TrytonConnector
from purveyor.core.access import SYSTEM
from purveyor.core.erp_records import Entity, ErpRecord
from purveyor.core.errors import PurveyorError
from purveyor.core.ids import ErpInstance
from purveyor.demo import acquired, seed
from purveyor.demo.acquired import AcquiredErp
from purveyor.demo.partners.erp_cable import ErpCable
from purveyor.demo.partners.mailbox import Mailbox, free_port
from purveyor.demo.partners.suppliers import SupplierApi, shared_secret
from purveyor.demo.partners.warehouse import Warehouse
from purveyor.demo.processes import Child, answers
from purveyor.demo.suppliers import PROFILES
from purveyor.settings import Settings
from purveyor.store.launch import open_database

WMS_TOKEN: Final = "demo-warehouse-token"
WEB_PORT: Final = 8080
WORKERS: Final = 2


class DemoNotReady(PurveyorError):
    """The demo cannot start here; what is missing is named."""

    code = "demo_not_ready"


def demo_folder(checkout: Path) -> Path:
    """Return where the demo keeps its data; for root outside private homes, because the database runs as another user."""
    if os.geteuid() == 0:
        return Path("/var/lib/purveyor-demo") / hashlib.sha256(str(checkout).encode()).hexdigest()[:12]
    return checkout / "build" / "demo"


@dataclass
class World:
    """Everything that runs. ``say`` is told in words what happens next; ``keys`` are API keys by client."""

    checkout: Path
    say: Callable[[str], None]
    folder: Path = field(init=False)
    keys: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder = demo_folder(self.checkout)
        self._stack = ExitStack()
        self.web_port = WEB_PORT

    # -- start and stop

    def start(self) -> None:
        """Start everything on fresh copies of the seeds; raise DemoNotReady or ProcessFailed."""
        erp_seed = self._erp_seed()
        self._run_dir = self.folder / "run"
        shutil.rmtree(self._run_dir, ignore_errors=True)
        (self._run_dir / "secrets").mkdir(parents=True)
        self.say("Starting the partners: mailboxes, supplier servers, warehouse system")
        self._start_partners()
        self.say("Starting Tryton, the ERP")
        self._start_erp(erp_seed)
        self._restore_database(erp_seed)
        self.say("Starting web and worker processes")
        self._start_product()

    def stop(self) -> None:
        """Stop everything in reverse order."""
        self._stack.close()

    def _start_partners(self) -> None:
        self.mailbox = Mailbox()
        self._stack.callback(self.mailbox.stop)
        self.suppliers = SupplierApi()
        self._stack.callback(self.suppliers.server.stop)
        self.warehouse = Warehouse(WMS_TOKEN)
        self._stack.callback(self.warehouse.server.stop)
        self.acquired = AcquiredErp(self._run_dir / "acquired")
        self._stack.callback(self.acquired.stop)

    def _erp_seed(self) -> Path:
        python = self.checkout / ".venv-tryton" / "bin" / "python"
        if not python.is_file():
            raise DemoNotReady(missing=".venv-tryton", way_out="start the demo with `make demo`")
        self.say("Building the ERP's books (once, about a minute)" if not self._erp_seed_known() else "Finding the ERP's books")
        script = self.checkout / "erp-demo" / "tryton" / "build_seed.py"
        done = subprocess.run([python, script], cwd=self.checkout, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise DemoNotReady(step="build_seed", said=done.stderr[-1500:])
        return Path(done.stdout.strip().splitlines()[-1]).absolute()

    def _erp_seed_known(self) -> bool:
        return any((self.checkout / "build" / "tryton").glob("seed-*.sqlite"))

    def _start_erp(self, erp_seed: Path) -> None:
        self.erp_port = free_port()
        self.erp_dir = self._run_dir / "tryton"
        self.erp = self._erp_child(erp_seed)
        self._stack.callback(self.erp.stop)
        self.erp.start()
        self.cable = ErpCable(f"http://127.0.0.1:{self.erp_port}")
        self._stack.callback(self.cable.stop)

    def _erp_child(self, erp_seed: Path) -> Child:
        python = str(self.checkout / ".venv-tryton" / "bin" / "python")
        script = str(self.checkout / "erp-demo" / "tryton" / "serve.py")
        arguments = ["--seed", str(erp_seed), "--run-dir", str(self.erp_dir), "--port", str(self.erp_port)]
        log_file = self._run_dir / "logs" / "tryton.log"
        return Child("Tryton", [python, script, *arguments], log_file, lambda: _says_ready(log_file))

    # -- the database

    def _restore_database(self, erp_seed: Path) -> None:
        """Copy our seed into the run folder, or build it first; then open it and move the clock."""
        known = self.folder / f"seed-{self._seed_digest(erp_seed)}"
        if not (known / "complete").exists():
            self.say("Building Purveyor's own seed (once): policies, people, master data read from the ERP")
            for old in self.folder.glob("seed-*"):
                shutil.rmtree(old)
            self._build_seed(known)
        self.say("Restoring the seed")
        _copy_tree(known / "data", self._run_dir / "data")
        self.keys = json.loads((known / "keys.json").read_text("utf-8"))
        self.settings = self._settings(self._run_dir / "data")
        self._open()
        seed.set_api_addresses(self.database, {code: self.suppliers.address(code) for code in self._with_api()})

    def _build_seed(self, target: Path) -> None:
        data = self._run_dir / "seeding"
        settings = self._settings(data)
        with open_database(settings) as database:
            seed.set_clock(database, seed.MONDAY_MORNING)
            seed.seed_company(database, self.checkout / "policies")
            acquired.seed_people(database)
            self._read_erp(settings, seed.ERP)
            acquired.map_codes(database)
            self._read_erp(settings, acquired.ERP)
            keys = seed.seed_partners(database)
        target.mkdir(parents=True)
        _copy_tree(data, target / "data")
        (target / "keys.json").write_text(json.dumps(keys), "utf-8")
        (target / "complete").touch()
        shutil.rmtree(data)

    def _read_erp(self, settings: Settings, erp: ErpInstance) -> None:
        """Run the reading command of the product once, in its own process, like an installer would."""
        config = self._write_config(settings)
        command = [sys.executable, "-m", "purveyor", "pull", "--erp", erp, "--config", str(config)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ.copy())
        if done.returncode != 0:
            raise DemoNotReady(step="pull", said=(done.stdout + done.stderr)[-1500:])

    def _open(self) -> None:
        self.database = self._stack.enter_context(open_database(self.settings))
        seed.set_clock(self.database, seed.MONDAY_MORNING)

    def _seed_digest(self, erp_seed: Path) -> str:
        digest = hashlib.sha256(erp_seed.name.encode())
        package = Path(__file__).resolve().parents[1]
        folders = (package / "store" / "migrations", package / "demo", self.checkout / "policies")
        for path in sorted(path for folder in folders for path in folder.rglob("*") if path.suffix in (".py", ".toml")):
            digest.update(path.read_bytes())
        return digest.hexdigest()[:16]

    def _settings(self, data: Path) -> Settings:
        return Settings(
            data_dir=data,
            policies_dir=self.checkout / "policies",
            demo=True,
            base_url=f"http://127.0.0.1:{self.web_port}",
            listen_port=self.web_port,
            smtp_port=self.mailbox.port,
            mail_from="Purchasing <purchasing@mvps.example>",
            connections_file=self._run_dir / "connections.toml",
        )

    def _with_api(self) -> list[str]:
        return [profile.code for profile in PROFILES if "api" in profile.channels]

    # -- the product's processes

    def _start_product(self) -> None:
        config = self._write_config(self.settings)
        address = f"http://127.0.0.1:{self.web_port}"
        self.web = self._purveyor("web", ["serve"], config, answers(f"{address}/livez"))
        self.workers = [self._purveyor(f"worker-{number}", ["worker"], config) for number in range(1, WORKERS + 1)]
        for child in (self.web, *self.workers):
            self._stack.callback(child.stop)
            child.start()

    def _purveyor(self, name: str, command: list[str], config: Path, ready: Callable[[], bool] | None = None) -> Child:
        log_file = self._run_dir / "logs" / f"{name}.log"
        started = ready or (lambda: "worker ready" in log_file.read_text("utf-8", "replace"))
        return Child(name, [sys.executable, "-m", "purveyor", *command, "--config", str(config)], log_file, started)

    def _write_config(self, settings: Settings) -> Path:
        """Write the settings and connections files that the product's processes read."""
        secrets = self._run_dir / "secrets"
        credentials = json.loads((self.erp_dir / "credentials.json").read_text("utf-8"))
        (secrets / "erp").write_text(credentials["passwords"]["purveyor"], "utf-8")
        (secrets / "wms").write_text(WMS_TOKEN, "utf-8")
        for code in self._with_api():
            (secrets / f"{code}.secret").write_text(shared_secret(code), "utf-8")
        assert settings.connections_file is not None
        settings.connections_file.write_text(
            f'[company]\nname = "{seed.COMPANY}"\n\n'
            f'[erp.{seed.ERP}]\nkind = "tryton"\nurl = "{self.cable.url}"\ndatabase = "{credentials["database"]}"\n'
            f'login = "purveyor"\npassword_file = "{secrets / "erp"}"\nbusiness_unit = "MVPS"\n\n'
            f"{acquired.connection(self.acquired.folder)}"
            f'[wms]\nurl = "{self.warehouse.server.url}"\ntoken_file = "{secrets / "wms"}"\n\n'
            f'[supplier_secrets]\nfolder = "{secrets}"\n',
            "utf-8",
        )
        config = self._run_dir / "purveyor.toml"
        config.write_text(
            f'data_dir = "{settings.data_dir}"\npolicies_dir = "{settings.policies_dir}"\ndemo = true\n'
            f'base_url = "{settings.base_url}"\nlisten_port = {settings.listen_port}\n'
            f'second_factor_roles = ""\nsmtp_port = {settings.smtp_port}\nmail_from = "{settings.mail_from}"\n'
            f'connections_file = "{settings.connections_file}"\n'
            "poll_seconds = 0.5\nerp_away_seconds = 2\ntimer_seconds = 0.5\nsweep_seconds = 5\n",
            "utf-8",
        )
        return config

    # -- what the story and the demo bar do

    def ask_erp(self, entity: Entity) -> tuple[ErpRecord, ...]:
        """Look into the ERP itself, past Purveyor, to see what really stands there."""
        credentials = json.loads((self.erp_dir / "credentials.json").read_text("utf-8"))
        access = TrytonAccess(credentials["url"], credentials["database"], "purveyor", credentials["passwords"]["purveyor"])
        connector = TrytonConnector(access)
        try:
            return connector.pull(entity, START, 1000).records
        finally:
            connector.close()

    def move_to(self, moment: datetime) -> None:
        """Let business time jump to a moment, for Purveyor and for the ERP's own day."""
        seed.set_clock(self.database, moment)
        (self.erp_dir / "today").write_text(moment.date().isoformat(), "utf-8")

    def now(self) -> datetime:
        """Return the business time."""
        with self.database.read(SYSTEM) as tx:
            return tx.now


def _says_ready(log_file: Path) -> bool:
    return "ready" in log_file.read_text("utf-8", "replace")


def _copy_tree(source: Path, target: Path) -> None:
    """Copy a folder with owners and modes: the database refuses a folder that is not its own."""
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", str(source), str(target)], check=True)
