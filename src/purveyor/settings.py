"""Everything an installation may configure, as one frozen value.

Read once at start from a TOML file and the environment, then passed to whoever needs it; never imported as a global.
Secrets are never values here, only the files that hold them, so that no environment dump or log can show one.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from purveyor.core.errors import PurveyorError

PREFIX: Final = "PURVEYOR_"
TRUTH: Final = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


class InvalidSettings(PurveyorError):
    """The configuration cannot be used; the setting and the reason are named."""

    code = "invalid_settings"


def _default_data_dir() -> Path:
    """``/var/lib/purveyor`` for root (the database server runs as another user there), else ``~/.local/share/purveyor``."""
    return Path("/var/lib/purveyor") if os.geteuid() == 0 else Path.home() / ".local" / "share" / "purveyor"


def _default_policies_dir() -> Path:
    """``policies`` where the command was started, otherwise the tables that came with the package."""
    own, shipped = Path("policies"), Path(__file__).resolve().parent / "policies"
    return shipped if shipped.is_dir() and not own.is_dir() else own


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One installation's configuration; seconds are real seconds, paths are absolute."""

    database_url: str | None = None
    """Address of an external Postgres for the running system (role ``purveyor_app``); absent = own embedded server."""
    database_owner_url: str | None = None
    """Address with the owner's role, read by ``purveyor migrate`` only."""
    postgres_bin: Path | None = None
    """Folder with the server programs to use for the embedded server instead of the installed wheel."""
    leave_postgres_running: bool = False
    """Whether the embedded server goes on after the last command that used it."""
    data_dir: Path = field(default_factory=_default_data_dir)
    """Folder of the embedded server's data and of keys made at the first start."""
    policies_dir: Path = field(default_factory=_default_policies_dir)
    """Folder with the decision tables that ``purveyor policy load`` reads."""
    demo: bool = False
    """True only for the demo: its role may move the business clock."""

    base_url: str = "http://127.0.0.1:8080"
    """Address under which people and suppliers reach the pages; links in mails begin with it, https makes cookies secure."""
    listen_host: str = "127.0.0.1"
    """Where ``purveyor serve`` listens; a reverse proxy with TLS stands in front."""
    listen_port: int = 8080
    """Port of ``purveyor serve``."""
    identity_file: Path | None = None
    """TOML file that names the company's own sign-in (OpenID Connect); see docs/howto/company-sign-in.md."""
    second_factor_roles: str = "approver category_manager it"
    """Roles whose holders sign in with a second factor, with spaces between; empty asks nobody who did not set one up himself."""
    step_up_amount: Decimal = Decimal(50000)
    """Approvals of this amount and more, in the policy's currency, ask again for the second factor of who has one."""
    secret_key_file: Path | None = None
    """File with the key that signs form tokens and page cursors; without it one is made in the data folder."""
    smtp_host: str = "127.0.0.1"
    """Mail server for orders and reminders; empty turns the mail channel off."""
    smtp_port: int = 25
    """Port of the mail server."""
    smtp_user: str | None = None
    """Account at the mail server, if it wants one."""
    smtp_password_file: Path | None = None
    """File with the password of that account."""
    mail_from: str = "purchasing@localhost"
    """Sender of the mails; answers of suppliers go there."""
    master_key_file: Path | None = None
    """File with the master key that opens secrets stored in the database; `purveyor key-file create` makes it."""
    connections_file: Path | None = None
    """TOML file that names the ERPs, the warehouse system and the suppliers' secrets; see worker/connections.py."""

    metrics_token_file: Path | None = None
    """File with the token that a collector must send to read ``/metrics``; without it nobody can read them."""
    queue_age_limit_seconds: Decimal = Decimal(900)
    """A job that waits longer for a worker makes ``/readyz`` fail and the doctor complain."""

    pool_size: int = 10
    """Database connections a process may hold."""
    statement_timeout_seconds: Decimal = Decimal(30)
    """How long one statement may run."""
    lock_timeout_seconds: Decimal = Decimal(5)
    """How long a statement may wait for somebody else's lock."""

    worker_concurrency: int = 4
    """Jobs one worker process does at the same time."""
    poll_seconds: Decimal = Decimal(1)
    """How often a worker looks for jobs when nothing woke it."""
    heartbeat_seconds: Decimal = Decimal(10)
    """How often a worker says that it lives."""
    stalled_seconds: Decimal = Decimal(30)
    """A worker that gave no sign for so long is taken for dead; at least three heartbeats."""
    sweep_seconds: Decimal = Decimal(60)
    """How often jobs of dead workers are looked for."""
    timer_seconds: Decimal = Decimal(1)
    """How often timers that are due are turned into jobs."""
    graceful_stop_seconds: Decimal = Decimal(25)
    """How long a worker that is told to stop may finish what it has in hand."""
    job_attempts: int = 5
    """A job that took its worker down this many times is given up and its message goes to a person."""
    failed_job_days: int = 14
    """Days for which failed jobs are kept to be looked at."""
    owner_erp: str = "IT"
    """Who looks after the ERP layer; shown with its health."""
    owner_orchestration: str = "IT"
    """Who looks after Purveyor itself."""
    owner_middleware: str = "IT"
    """Who looks after what carries documents in and out."""
    owner_api_governance: str = "IT"
    """Who looks after the API, its keys and its rules."""
    owner_process_intelligence: str = "IT"
    """Who looks after figures and the event log they come from."""
    answer_days: int = 30
    """Days for which answers to API requests are kept, so that a repeat of a request gets the same answer."""
    session_days: int = 30
    """Days for which ended sign-ins are kept."""
    link_days: int = 90
    """Days for which links to suppliers are kept after they expired."""
    attempt_days: int = 365
    """Days for which the single attempts of delivered messages are kept; the message itself stays."""
    inbox_body_days: int = 730
    """Days for which bodies of received documents are kept after they took effect; that they came is kept for ever."""
    erp_away_seconds: Decimal = Decimal(30)
    """How long a write waits before it tries an ERP again that could not be reached; such tries cost no attempt."""

    otlp_endpoint: str | None = None
    """Address of a collector of traces (OTLP over HTTP), for example ``http://127.0.0.1:4318``; without it none are made."""
    log_format: str = "text"
    """``text`` for people, ``json`` for log collectors."""

    def __post_init__(self) -> None:
        if self.stalled_seconds < 3 * self.heartbeat_seconds:
            raise InvalidSettings(setting="stalled_seconds", reason="must be at least three times heartbeat_seconds")
        at_least_1 = ("answer_days", "session_days", "link_days", "attempt_days", "inbox_body_days")
        for name in ("pool_size", "worker_concurrency", "job_attempts", *at_least_1):
            if getattr(self, name) < 1:
                raise InvalidSettings(setting=name, reason="must be at least 1")


def load_settings(environment: Mapping[str, str], file: Path | None = None) -> Settings:
    """Read the settings: defaults, then the TOML file (argument or PURVEYOR_CONFIG), then PURVEYOR_* variables.

    DATABASE_URL and DATABASE_OWNER_URL are read without prefix; each may be given as NAME_FILE instead, pointing to a
    file that holds it. Raises InvalidSettings for unknown names and values that do not fit.
    """
    given: dict[str, object] = {}
    source = file or (Path(environment[PREFIX + "CONFIG"]) if PREFIX + "CONFIG" in environment else None)
    if source is not None:
        given.update(_read_file(source))
    known = {setting.name: str(setting.type) for setting in fields(Settings)}
    for variable, value in environment.items():
        if variable.startswith(PREFIX) and variable[len(PREFIX) :].lower() in known:
            given[variable[len(PREFIX) :].lower()] = value
    for name in ("database_url", "database_owner_url"):
        from_environment = _value_or_file(environment, name.upper())
        if from_environment:
            given[name] = from_environment
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise InvalidSettings(setting=unknown[0], reason="no setting has this name")
    values: dict[str, Any] = {name: _convert(name, known[name], value) for name, value in given.items()}
    return Settings(**values)


def _read_file(source: Path) -> dict[str, object]:
    try:
        return tomllib.loads(source.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise InvalidSettings(setting="config", reason=f"{source}: {error}") from error


def _value_or_file(environment: Mapping[str, str], name: str) -> str | None:
    if f"{name}_FILE" in environment:
        return Path(environment[f"{name}_FILE"]).read_text(encoding="utf-8").strip()
    return environment.get(name)


def _convert(name: str, kind: str, value: object) -> object:
    """Turn text from the environment or a TOML value into the type of the setting; paths become absolute."""
    text = str(value).strip()
    base = kind.removesuffix(" | None")
    try:
        match base:
            case "bool":
                return TRUTH[text.lower()]
            case "int":
                return int(text)
            case "Decimal":
                return Decimal(text)
            case "Path":
                return Path(text).expanduser().absolute()
    except (KeyError, ValueError, ArithmeticError) as error:
        raise InvalidSettings(setting=name, reason=f"{text!r} is not a {base}") from error
    return text
