"""Change an order that has not left: quantity, price and need-by date of each line; any change makes a new version."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Annotated, Any, Final

from fastapi import Depends
from starlette.requests import Request
from starlette.responses import Response

from purveyor.app import edit
from purveyor.core.access import Actor, Permission
from purveyor.core.editing import EditOrder, LineEdit
from purveyor.core.errors import IllegalTransition, InvalidInput, StaleVersion
from purveyor.core.lifecycle import Verb, allowed_verbs
from purveyor.core.order import OrderLine, PurchaseOrder, Schedule
from purveyor.store.db import Database
from purveyor.store.views import names
from purveyor.web.entries import Unreadable, day_in, number_in
from purveyor.web.flashes import go_to
from purveyor.web.i18n import gettext
from purveyor.web.security import SignedIn, page_router
from purveyor.web.templating import page
from purveyor.web.workbench.order_actions import after_check, show_difference
from purveyor.web.workbench.story import find_order

router = page_router("/orders/{reference}")
Translate = Callable[[str], str]
_NUMBER: Final = re.compile(r"[0-9]{1,9}")


@dataclass(slots=True)
class Entered:
    """What a person entered: the edit that follows, the raw values to show again, and what is wrong, by field name."""

    lines: dict[int, LineEdit] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)


@router.get("/edit")
def edit_page(request: Request, reference: str, actor: SignedIn) -> Response:
    """What may be changed on this order?"""
    actor.require(Permission.ORDER_WRITE)
    return _form(request, actor, reference, Entered())


async def form_fields(request: Request) -> Mapping[str, str]:
    """Return the fields of a form whose names depend on the lines of the order."""
    return {name: value for name, value in (await request.form()).items() if isinstance(value, str)}


@router.post("/edit")
def save(
    request: Request, reference: str, actor: SignedIn, fields: Annotated[Mapping[str, str], Depends(form_fields)]
) -> Response:
    """Save the changes as a new version; what cannot be read is shown again beside its field."""
    actor.require(Permission.ORDER_WRITE)
    _ = gettext(request.state.viewer.locale)
    database: Database = request.app.state.database
    seen, version = _number(fields.get("seen", "")), _number(fields.get("version", ""))
    with database.read(actor, correlation_id=request.state.correlation_id, source="web") as tx:
        order = find_order(tx, reference)
    entered = read_lines(order, fields, _)
    if entered.errors:
        return _form(request, actor, reference, entered, status=422)
    try:
        with database.transaction(actor, correlation_id=request.state.correlation_id, source="web") as tx:
            edited = edit.edit(tx, order.id, EditOrder(version, entered.lines))
    except StaleVersion:
        return show_difference(request, actor, reference, seen)
    except InvalidInput as error:
        entered.errors["form"] = str(error.fields.get("reason", error.message))
        return _form(request, actor, reference, entered, status=422)
    if edited.order.version == order.version:
        return go_to(request, f"/orders/{order.order_ref}", _("Nothing differs, so nothing was changed."), "info")
    text, tone = after_check(_, edited.report)
    return go_to(request, f"/orders/{order.order_ref}/check", text, tone)


def _form(request: Request, actor: Actor, reference: str, entered: Entered, status: int = 200) -> Response:
    database: Database = request.app.state.database
    with database.read(actor, correlation_id=request.state.correlation_id, source="web") as tx:
        order = find_order(tx, reference)
        if Verb.EDIT not in allowed_verbs(order.status):
            allowed = ", ".join(allowed_verbs(order.status))
            raise IllegalTransition(status=order.status.value, verb=Verb.EDIT.value, allowed=allowed)
        sites = names.site_names(tx, {part.ship_to for line in order.lines for part in line.schedules if part.ship_to})
    shown: dict[str, Any] = {"order": order, "sites": sites, "values": entered.values, "errors": entered.errors}
    return page(request, "workbench/order_edit.html", now=tx.now, status=status, **shown)


def read_lines(order: PurchaseOrder, fields: Mapping[str, str], _: Translate) -> Entered:
    """Return the edits that the fields ask for; a field that says what the order says already changes nothing.

    Fields are called ``quantity-<line>-<schedule>``, ``need_by-<line>-<schedule>``, ``price-<line>`` and ``remove-<line>``.
    """
    entered = Entered(values=dict(fields))
    for line in order.lines:
        if line.cancelled:
            continue
        if fields.get(f"remove-{line.line_no}") == "yes":
            entered.lines[line.line_no] = LineEdit(removed=True)
            continue
        parts = tuple(_schedule(line, part, fields, entered, _) for part in line.schedules)
        price = _decimal(fields.get(f"price-{line.line_no}", ""), f"price-{line.line_no}", entered, _, line.unit_price)
        changed_price = None if price == line.unit_price else price
        if parts != line.schedules or changed_price is not None:
            schedules = parts if parts != line.schedules else None
            entered.lines[line.line_no] = LineEdit(unit_price=changed_price, schedules=schedules)
    return entered


def _schedule(line: OrderLine, part: Schedule, fields: Mapping[str, str], entered: Entered, _: Translate) -> Schedule:
    suffix = f"{line.line_no}-{part.schedule_no}"
    quantity = _decimal(fields.get(f"quantity-{suffix}", ""), f"quantity-{suffix}", entered, _, part.quantity)
    if quantity is not None and quantity <= 0:
        entered.errors.setdefault(f"quantity-{suffix}", _("A quantity is above zero; remove the line instead."))
    need_by = part.need_by
    try:
        need_by = day_in(fields.get(f"need_by-{suffix}", "")) or need_by
    except Unreadable:
        entered.errors[f"need_by-{suffix}"] = _("Write the day as year-month-day, for example 2026-03-31.")
    return replace(part, quantity=part.quantity if quantity is None else quantity, need_by=need_by)


def _decimal(text: str, name: str, entered: Entered, _: Translate, present: Decimal | None) -> Decimal | None:
    """Read a number with a point or thousands separators; what is not one is an error of its field."""
    try:
        number = number_in(text)
    except Unreadable:
        entered.errors[name] = _("Write a number, for example 1,036.80.")
        return present
    return present if number is None else number


def _number(text: str) -> int:
    if _NUMBER.fullmatch(text) is None:
        raise InvalidInput(field="version", reason="the form does not say which version it shows")
    return int(text)
