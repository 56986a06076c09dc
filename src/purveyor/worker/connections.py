"""The outside systems of one installation: which ERPs, warehouse systems and channels there are, read from one TOML file.

Secrets are never in the file, only the names of the files that hold them. Example: docs/howto/connections.md.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from purveyor.connectors.erp.contract import ErpConnector
from purveyor.connectors.erp.tryton.connector import TrytonAccess, TrytonConnector
from purveyor.connectors.identity.mail import PeopleMail
from purveyor.connectors.suppliers.api import ApiChannel
from purveyor.connectors.suppliers.contract import SupplierChannel
from purveyor.connectors.suppliers.email import EmailChannel
from purveyor.connectors.transport.http import HttpTransport
from purveyor.connectors.transport.smtp import SmtpTransport
from purveyor.connectors.wms.rest import RestWms
from purveyor.core.ids import ErpInstance
from purveyor.settings import InvalidSettings, Settings


@dataclass(frozen=True)
class ErpConnection:
    """One connected ERP: its adapter, and the business unit whose orders live there."""

    instance: ErpInstance
    connector: ErpConnector
    business_unit: str
    read_only: bool = False


@dataclass(frozen=True)
class Connections:
    """Everything a worker may talk to. ``secret_of`` returns the webhook secret shared with a supplier, by supplier code."""

    company: str
    erps: Mapping[ErpInstance, ErpConnection] = field(default_factory=dict)
    wms: RestWms | None = None
    channels: Mapping[str, SupplierChannel] = field(default_factory=dict)
    secret_of: Callable[[str], str | None] = lambda _: None
    people: PeopleMail | None = None


def _tryton(entry: Mapping[str, Any]) -> ErpConnector:
    password = _secret(entry["password_file"])
    return TrytonConnector(TrytonAccess(entry["url"], entry["database"], entry["login"], password))


ERP_KINDS: Final[dict[str, Callable[[Mapping[str, Any]], ErpConnector]]] = {"tryton": _tryton}
"""How to build each kind of ERP adapter from its part of the file; a further adapter joins by one line."""


def load_connections(settings: Settings) -> Connections:
    """Read the connections file and build the connectors; raise InvalidSettings naming the part that does not fit."""
    channels: dict[str, SupplierChannel] = {"api": ApiChannel(HttpTransport())}
    given = _read(settings.connections_file)
    company = str(given.get("company", {}).get("name", "Purchasing"))
    people = None
    if settings.smtp_host:
        password = _secret(settings.smtp_password_file) if settings.smtp_password_file else None
        smtp = SmtpTransport(settings.smtp_host, settings.smtp_port, settings.smtp_user, password)
        channels["email"] = EmailChannel(smtp, settings.mail_from, company)
        people = PeopleMail(smtp, settings.mail_from, company)
    secrets = given.get("supplier_secrets", {}).get("folder")
    return Connections(
        company=company,
        erps={ErpInstance(name): _erp(name, entry) for name, entry in given.get("erp", {}).items()},
        wms=_wms(given["wms"]) if "wms" in given else None,
        channels=channels,
        secret_of=_secrets_in(Path(secrets)) if secrets else lambda _: None,
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
    token = _secret(entry["token_file"])
    return RestWms(HttpTransport(entry["url"], {"authorization": f"Bearer {token}"}))


def _secrets_in(folder: Path) -> Callable[[str], str | None]:
    def secret_of(supplier_code: str) -> str | None:
        file = folder / f"{supplier_code}.secret"
        inside = file.resolve().parent == folder.resolve()
        return file.read_text("utf-8").strip() if inside and file.is_file() else None

    return secret_of


def _secret(file: str | Path) -> str:
    return Path(file).read_text("utf-8").strip()
