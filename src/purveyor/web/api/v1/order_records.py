"""What is on record about an order: the report of the gate, and everything that happened, in order."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Depends
from pydantic import ConfigDict, Field
from starlette.responses import Response

from purveyor.app import gate
from purveyor.core.access import Permission
from purveyor.core.events.base import Ref
from purveyor.core.finding import Result, Section, Severity
from purveyor.core.gate_report import report_as_json
from purveyor.store import events
from purveyor.web.api.common import Call, Reply, answer, api_router
from purveyor.web.api.v1.doors import house_reads, order_to_read
from purveyor.web.api.v1.event_documents import EventOut, event_out
from purveyor.web.api.v1.operations import LIST, operation
from purveyor.web.api.v1.shapes import OrderRef
from purveyor.web.api.wire import Wire

router = api_router("/orders/{order_ref}", "Order records")


class FactOut(Wire):
    """A figure a check used, its source and its age at the moment of the check."""

    name: str
    value: str
    as_of: datetime | None
    source: str
    age_hours: int | None
    age_minutes: int | None


class CheckOut(Wire):
    """One check that was made: PASS, FAIL, STALE or NO_DATA."""

    rule: str
    title: str
    line_no: int | None
    result: str
    severity: Severity | None
    policy: str
    codes: list[str]
    facts: list[FactOut]


class SectionOut(Wire):
    """The checks of one section."""

    section: Section
    checks: list[CheckOut]


class FindingOut(Wire):
    """A check that did not pass, with the money at stake."""

    order_number: str
    line_no: int | None
    rule: str
    code: str
    result: Result
    severity: Severity
    section: Section
    message: str
    expected: str | None
    actual: str | None
    exposure: str | None
    currency: str | None
    policy: str | None
    facts: list[FactOut]
    arithmetic: str | None
    suggestion: str | None
    related_order: str | None
    fingerprint: str
    overridden: bool


class GateReportOut(Wire):
    """The report of the newest check of an order: five sections, every check, and the findings by money at stake."""

    schema_: str = Field(alias="schema")
    order_number: str
    order_version: int
    checked_at: datetime
    policy: str
    worst: Severity | None
    blocked: bool
    needs_approval: bool
    at_stake: str
    currency: str
    sections: list[SectionOut]
    findings: list[FindingOut]

    model_config = ConfigDict(serialize_by_alias=True)


class OrderEvents(Wire):
    """Everything that happened to an order and to what belongs to it, the earliest first."""

    items: list[EventOut]


@router.get(
    "/gate-report",
    **operation("get_gate_report", "Read the gate report of an order", Permission.ORDER_READ, GateReportOut, slo=LIST),
)
def get_gate_report(order_ref: OrderRef, call: Annotated[Call, Depends(house_reads(Permission.ORDER_READ))]) -> Response:
    """Read what the gate said about an order last, made again from what it saw then."""
    with order_to_read(call, order_ref) as (tx, order):
        return answer(call, Reply(GateReportOut.model_validate(report_as_json(gate.report(tx, order.id)))))


@router.get(
    "/events", **operation("list_order_events", "Read what happened to an order", Permission.EVENT_READ, OrderEvents, slo=LIST)
)
def list_order_events(order_ref: OrderRef, call: Annotated[Call, Depends(house_reads(Permission.EVENT_READ))]) -> Response:
    """Read the events of an order and of all that belongs to it: approvals, messages, exceptions, receipts, invoices."""
    with order_to_read(call, order_ref) as (tx, order):
        items = [event_out(event) for event in events.read_about(tx, Ref("order", order.id))]
    return answer(call, Reply(OrderEvents(items=items)))
