"""Tryton's JSON-RPC: a session, its typed JSON, and its refusals as classes.

JSON-RPC rather than REST, because only there does the server compare a record's time stamp before it writes.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from purveyor.connectors.contract import PermanentError, RetryableError
from purveyor.connectors.transport.http import HttpTransport, Reply, expect_success
from purveyor.core.canonical import plain_decimal

Row = Mapping[str, Any]
READS: Final = frozenset({"search_read", "search", "read", "search_count", "get_preferences", "today", "login", "version"})


class RuleRefusal(PermanentError):
    """A rule of the ERP refused the write; ``kind`` says which, ``warning`` names one that a person could wave through."""

    def __init__(self, kind: str, message: str, warning: str = "") -> None:
        super().__init__(message, kind=kind)
        self.kind = kind
        self.warning = warning


class MovedOn(PermanentError):
    """The record was changed since its time stamp was read."""


@dataclass(frozen=True, slots=True)
class RpcCall:
    """One call of a model method, for the audit trail: which document was touched and on which stamps the write insisted."""

    model: str
    method: str
    ids: tuple[int, ...]
    guard: Mapping[str, str]

    @property
    def writes(self) -> bool:
        """Whether the call can change anything in the ERP."""
        return self.method not in READS


class TrytonRpc:
    """A logged-in account on one Tryton database; logs in by itself and again when the session ended."""

    def __init__(
        self,
        http: HttpTransport,
        database: str,
        login: str,
        password: str,
        record: Callable[[RpcCall], None] | None = None,
    ) -> None:
        self._http = http
        self._database = database
        self._login = login
        self._password = password
        self._record = record
        self._authorization: str | None = None
        self.context: dict[str, Any] = {}

    def server_version(self) -> str:
        """Return the series of the server, without logging in."""
        return str(self._result(self._post("/rpc/", "common.server.version", [], None)))

    def model(
        self,
        name: str,
        method: str,
        *params: object,
        context: Mapping[str, Any] | None = None,
        guard: Mapping[str, str] | None = None,
    ) -> Any:
        """Call a method of a model; ``guard`` maps ``model,id`` to the time stamp the record must still have.

        Raises RuleRefusal, MovedOn, PermanentError, RetryableError; AnswerLost when the call may or may not have happened.
        """
        if self._authorization is None:
            self.log_in()
        ids = params[0] if params and isinstance(params[0], Sequence) and not isinstance(params[0], str) else ()
        if self._record is not None:
            numbers = tuple(entry for entry in ids if isinstance(entry, int))
            self._record(RpcCall(name, method, numbers, dict(guard or {})))
        full_context = {**self.context, **(context or {})}
        if guard:
            full_context["_timestamp"] = dict(guard)
        body = [*params, full_context]
        reply = self._post(f"/{self._database}/rpc/", f"model.{name}.{method}", body, self._authorization)
        if reply.status == 401:
            self.log_in()
            reply = self._post(f"/{self._database}/rpc/", f"model.{name}.{method}", body, self._authorization)
        return self._result(reply)

    def search_read(self, name: str, domain: Sequence[object], fields: Sequence[str], *, limit: int | None = None) -> list[Row]:
        """Read the fields of all records that match the domain, inactive ones included."""
        found = self.model(name, "search_read", domain, 0, limit, None, list(fields), context={"active_test": False})
        if not isinstance(found, list):
            raise PermanentError("Tryton answered a search with something that is no list.", model=name)
        return found

    def log_in(self) -> None:
        """Open a session and read the account's context (company, language); raise PermanentError when refused."""
        self._authorization = None
        path = f"/{self._database}/rpc/"
        reply = self._post(path, "common.db.login", [self._login, {"password": self._password}, "en"], None)
        if reply.status == 401:
            raise PermanentError("Tryton refuses the account; check user name and password.", login=self._login)
        session = self._result(reply)
        if not isinstance(session, list) or len(session) < 2:
            raise PermanentError("Tryton answered the log-in with something that is no session.", login=self._login)
        token = f"{self._login}:{session[0]}:{session[1]}".encode()
        self._authorization = f"Session {base64.b64encode(token).decode()}"
        preferences = self._result(self._post(path, "model.res.user.get_preferences", [True, {}], self._authorization))
        self.context = dict(preferences)

    def _post(self, path: str, method: str, params: Sequence[object], authorization: str | None) -> Reply:
        headers = {"content-type": "application/json"}
        if authorization:
            headers["authorization"] = authorization
        body = json.dumps({"id": 0, "method": method, "params": params}, default=to_wire, separators=(",", ":"))
        return self._http.call("POST", path, content=body.encode("utf-8"), headers=headers)

    @staticmethod
    def _result(reply: Reply) -> Any:
        expect_success(reply, "Tryton did not carry out the call.")
        body = reply.body
        if not isinstance(body, dict) or ("result" not in body and "error" not in body):
            raise PermanentError("Tryton answered with something that is no JSON-RPC answer.", said=reply.text[:200])
        if "error" in body:
            raise _refusal(body["error"])
        return from_wire(body["result"])


def _refusal(error: object) -> Exception:
    """Turn the error member of an answer into the class the adapter works with."""
    kind, detail = (error[0], error[1]) if isinstance(error, list) and len(error) > 1 else ("Error", error)
    text = str(detail[0] if isinstance(detail, list) and detail else detail)
    if kind == "ConcurrencyException":
        return MovedOn(text)
    if kind == "UserError":
        return RuleRefusal("rule", text)
    if kind == "UserWarning":
        return RuleRefusal("warning", str(detail[1]) if isinstance(detail, list) and len(detail) > 1 else text, text)
    if "database is locked" in str(kind) or "could not serialize" in str(kind):
        return RetryableError("Tryton's database was busy.", timedelta(seconds=2))
    return PermanentError(f"Tryton failed: {str(kind)[:300]}")


def to_wire(value: object) -> object:
    """Write decimals and dates in Tryton's typed form."""
    if isinstance(value, Decimal):
        return {"__class__": "Decimal", "decimal": plain_decimal(value)}
    if isinstance(value, datetime):
        moment = value.astimezone(UTC)
        names = ("year", "month", "day", "hour", "minute", "second", "microsecond")
        return {"__class__": "datetime", **{name: getattr(moment, name) for name in names}}
    if isinstance(value, date):
        return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
    raise TypeError(f"{type(value).__name__} cannot be sent to Tryton")


def from_wire(value: Any) -> Any:
    """Read Tryton's typed form: decimals, dates, UTC times, spans."""
    if isinstance(value, list):
        return [from_wire(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    kind = value.get("__class__")
    if kind == "Decimal":
        return Decimal(value["decimal"])
    if kind == "date":
        return date(value["year"], value["month"], value["day"])
    if kind == "datetime":
        clock = (value["hour"], value["minute"], value["second"], value["microsecond"])
        return datetime(value["year"], value["month"], value["day"], *clock, tzinfo=UTC)
    if kind == "timedelta":
        return timedelta(seconds=int(value["seconds"]))
    return {key: from_wire(entry) for key, entry in value.items()}


def quantity_to_wire(value: Decimal) -> Any:
    """Write a quantity as the JSON number Tryton keeps quantities in; the JSON reader chooses its type."""
    return json.loads(plain_decimal(value))


def quantity_from_wire(value: object) -> Decimal:
    """Read a quantity; nothing counts as zero."""
    return Decimal(str(value)).normalize() + 0 if value is not None else Decimal(0)


def to_one(row: Row, field: str) -> Row:
    """Return a nested record, empty when the field is empty; raise KeyError when the answer lacks the field."""
    return (row[f"{field}."] or {}) if row else {}


def to_many(row: Row, field: str) -> Sequence[Row]:
    """Return the nested records of a field; raise KeyError when the answer lacks the field."""
    return (row[f"{field}."] or ()) if row else ()
