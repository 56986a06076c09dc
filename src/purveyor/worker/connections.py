"""The outside systems of one installation: which ERPs, warehouse systems and channels there are, read from one TOML file.

Secrets are never in the file, only the names of the files that hold them (``password_file``) or under which they are stored
encrypted in the database (``password_secret``). Example: docs/howto/connections.md.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from purveyor.connectors.erp.contract import ErpConnector
from purveyor.connectors.erp.files import FilesAccess, FilesConnector, Layout
from purveyor.connectors.erp.files.layout import check_names
from purveyor.connectors.erp.tryton.connector import TrytonAccess, TrytonConnector
from purveyor.connectors.identity.mail import PeopleMail
from purveyor.connectors.suppliers.api import ApiChannel
from purveyor.connectors.suppliers.contract import SupplierChannel
from purveyor.connectors.suppliers.email import EmailChannel
from purveyor.connectors.tables.cells import Dialect
from purveyor.connectors.transport.http import HttpTransport
from purveyor.connectors.transport.smtp import SmtpTransport
from purveyor.connectors.wms.rest import RestWms
from purveyor.core.ids import ErpInstance
from purveyor.settings import InvalidSettings, Settings

SecretReader = Callable[[str], str | None]
VALUE: Final = "_value"


@dataclass(frozen=True)
class ErpConnection:
    """One connected ERP: its adapter, and the business unit whose orders live there."""

    instance: ErpInstance
    connector: ErpConnector
    business_unit: str
    read_only: bool = False


@dataclass(frozen=True)
class Connections:
    """Everything a worker may talk to. ``secret_of`` returns the webhook secret shared with a supplier, by supplier code;
    ``owners`` who looks after an interface, by its name (``erp:NAME``, ``wms``, ``supplier:CHANNEL``)."""

    company: str
    erps: Mapping[ErpInstance, ErpConnection] = field(default_factory=dict)
    wms: RestWms | None = None
    channels: Mapping[str, SupplierChannel] = field(default_factory=dict)
    secret_of: Callable[[str], str | None] = lambda _: None
    owners: Mapping[str, str] = field(default_factory=dict)
    people: PeopleMail | None = None


def _tryton(entry: Mapping[str, Any]) -> ErpConnector:
    password = _credential(entry, "password")
    return TrytonConnector(TrytonAccess(entry["url"], entry["database"], entry["login"], password))


def _files(entry: Mapping[str, Any]) -> ErpConnector:
    layout = Layout(
        columns=entry.get("columns", {}),
        defaults=entry.get("defaults", {}),
        words=entry.get("words", {}),
        units=entry.get("units", {}),
        dialect=Dialect(entry.get("decimal_mark", "."), entry.get("day_format", "%Y-%m-%d"), entry.get("encoding", "cp1252")),
        zone=ZoneInfo(entry.get("time_zone", "UTC")),
    )
    check_names(layout)
    access = FilesAccess(
        Path(entry["folder"]),
        layout,
        settle=timedelta(seconds=int(entry.get("settle_seconds", 5))),
        patience=timedelta(seconds=int(entry.get("patience_seconds", 10))),
        overdue=timedelta(hours=int(entry.get("overdue_hours", 24))),
        guards_versions=bool(entry.get("guards_versions", False)),
    )
    return FilesConnector(access)


ERP_KINDS: Final[dict[str, Callable[[Mapping[str, Any]], ErpConnector]]] = {"tryton": _tryton, "files": _files}
"""How to build each kind of ERP adapter from its part of the file; a further adapter joins by one line."""


def nothing_stored(name: str) -> str | None:
    """The reader of an installation that stores no secrets in its database."""
    return None


def load_connections(settings: Settings, stored: SecretReader = nothing_stored) -> Connections:
    """Read the connections file and build the connectors; raise InvalidSettings naming the part that does not fit.

    ``stored`` reads secrets from the database; every secret the file names is read now, so a wrong key file is noticed here.
    """
    channels: dict[str, SupplierChannel] = {"api": ApiChannel(HttpTransport())}
    given = _with_stored(_read(settings.connections_file), stored)
    company = str(given.get("company", {}).get("name", "Purchasing"))
    people = None
    if settings.smtp_host:
        password = _secret(settings.smtp_password_file) if settings.smtp_password_file else None
        smtp = SmtpTransport(settings.smtp_host, settings.smtp_port, settings.smtp_user, password)
        channels["email"] = EmailChannel(smtp, settings.mail_from, company)
        people = PeopleMail(smtp, settings.mail_from, company)
    secrets = given.get("supplier_secrets", {})
    return Connections(
        company=company,
        erps={ErpInstance(name): _erp(name, entry) for name, entry in given.get("erp", {}).items()},
        wms=_wms(given["wms"]) if "wms" in given else None,
        channels=channels,
        secret_of=_supplier_secrets(secrets, stored),
        owners={name: str(owner) for name, owner in given.get("owners", {}).items()},
        people=people,
    )


def _read(file: Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise InvalidSettings(setting="connections_file", reason=f"{file}: {error}") from error


def _erp(name: str, entry: Mapping[str, Any]) -> ErpConnection:
    try:
        connector = ERP_KINDS[entry["kind"]](entry)
        return ErpConnection(ErpInstance(name), connector, entry["business_unit"], bool(entry.get("read_only", False)))
    except KeyError as error:
        raise InvalidSettings(setting=f"connections: erp.{name}", reason=f"{error} is missing or unknown") from error


def _wms(entry: Mapping[str, Any]) -> RestWms:
    token = _credential(entry, "token")
    return RestWms(HttpTransport(entry["url"], {"authorization": f"Bearer {token}"}))


def _with_stored(part: Mapping[str, Any], stored: SecretReader) -> dict[str, Any]:
    """Return a part of the file with the value of each stored secret beside its name."""
    found: dict[str, Any] = {}
    for name, value in part.items():
        if name.endswith(VALUE):
            raise InvalidSettings(setting="connections_file", reason=f"{name} is no setting; secrets never stand in the file")
        found[name] = _with_stored(value, stored) if isinstance(value, dict) else value
        if name.endswith("_secret"):
            secret = stored(str(value))
            if secret is None:
                way_out = f"store it with `purveyor secret set {value}`"
                raise InvalidSettings(setting="connections_file", reason=f"no secret {value} is stored", way_out=way_out)
            found[name.removesuffix("_secret") + VALUE] = secret
    return found


def _credential(entry: Mapping[str, Any], name: str) -> str:
    """Return a secret of an entry from the database or from a file; raise KeyError when neither is named."""
    value = entry.get(name + VALUE)
    return str(value) if value is not None else _secret(entry[f"{name}_file"])


def _supplier_secrets(entry: Mapping[str, Any], stored: SecretReader) -> SecretReader:
    if "folder" in entry:
        return _secrets_in(Path(entry["folder"]))
    return (lambda code: stored(f"supplier.{code}")) if entry.get("stored") else nothing_stored


def _secrets_in(folder: Path) -> Callable[[str], str | None]:
    def secret_of(supplier_code: str) -> str | None:
        file = folder / f"{supplier_code}.secret"
        inside = file.resolve().parent == folder.resolve()
        return file.read_text("utf-8").strip() if inside and file.is_file() else None

    return secret_of


def _secret(file: str | Path) -> str:
    try:
        return Path(file).read_text("utf-8").strip()
    except OSError as error:
        raise InvalidSettings(setting="connections_file", reason=f"a secret cannot be read: {error}") from error
