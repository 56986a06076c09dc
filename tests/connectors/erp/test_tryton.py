"""What is particular to Tryton: half-finished writes, people who confirm past us, the audit of our calls, odd answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import httpx
import pytest

from purveyor.connectors.contract import PermanentError, RetryableError
from purveyor.connectors.erp.contract import START
from purveyor.connectors.erp.tryton import TrytonAccess, TrytonConnector
from purveyor.connectors.erp.tryton.masters import unit_factor
from purveyor.connectors.erp.tryton.rpc import MovedOn, RpcCall, RuleRefusal, from_wire, quantity_to_wire, to_wire
from purveyor.core.erp_records import Entity, ErpItem, ErpOrderStatus, ErpReceiptLine
from purveyor.core.erp_results import Applied, Conflict, Rejected, Unknown
from purveyor.core.items import ItemStatus
from purveyor.core.order import Origin
from tests.connectors.erp.desks import TrytonDesk
from tests.connectors.erp.test_contract import a_receipt, again, an_invoice, confirmed

ACCESS = TrytonAccess("http://tryton.test", "db", "purveyor", "secret")
Answer = Callable[[str], httpx.Response]


def a_tryton_that(answers: Answer) -> TrytonConnector:
    """A connector whose server logs us in and answers everything else as told."""

    def respond(request: httpx.Request) -> httpx.Response:
        method = json.loads(request.content)["method"]
        if method == "common.db.login":
            return httpx.Response(200, json={"id": 0, "result": [2, "session", None]})
        if method.endswith("get_preferences"):
            return httpx.Response(200, json={"id": 0, "result": {"company": 1}})
        return answers(method)

    return TrytonConnector(ACCESS, transport=httpx.MockTransport(respond))


def error(*parts: object) -> Answer:
    return lambda method: httpx.Response(200, json={"id": 0, "error": list(parts)})


@pytest.mark.tryton
def test_a_confirmation_cut_off_half_way_is_finished_by_the_next_attempt(tryton_desk: TrytonDesk, our_ref: str) -> None:
    order = tryton_desk.draft()
    tryton_desk.cable.lose = "purchase.purchase.write"

    cut_off = tryton_desk.connector.confirm(order, our_ref, order.version)
    found = tryton_desk.connector.find_by_ref(Entity.ORDER, our_ref)
    finished = tryton_desk.connector.confirm(order, our_ref, order.version)

    assert cut_off == Unknown(our_ref)
    assert found is None
    assert isinstance(finished, Applied)
    assert again(tryton_desk, order).status is ErpOrderStatus.CONFIRMED


@pytest.mark.tryton
def test_an_order_edited_between_our_steps_is_not_confirmed(tryton_desk: TrytonDesk, our_ref: str) -> None:
    order = tryton_desk.draft()
    tryton_desk.cable.lose = "purchase.purchase.write"
    tryton_desk.connector.confirm(order, our_ref, order.version)
    tryton_desk.edit(order, "25")

    result = tryton_desk.connector.confirm(order, our_ref, order.version)

    assert isinstance(result, Conflict)
    assert again(tryton_desk, order).status is ErpOrderStatus.DRAFT


@pytest.mark.tryton
def test_an_order_approved_anew_after_such_an_edit_is_written_anew(tryton_desk: TrytonDesk, our_ref: str) -> None:
    order = tryton_desk.draft()
    tryton_desk.cable.lose = "purchase.purchase.quote"
    tryton_desk.connector.confirm(order, our_ref, order.version)
    quoted = again(tryton_desk, order)
    approved = replace(quoted, lines=(replace(quoted.lines[0], quantity=Decimal(25)),))

    result = tryton_desk.connector.confirm(approved, our_ref, quoted.version)

    assert quoted.status is ErpOrderStatus.SUBMITTED
    assert isinstance(result, Applied)
    assert again(tryton_desk, order).lines[0].quantity == 25


@pytest.mark.tryton
def test_a_cancelled_order_is_not_taken_for_a_confirmed_one(tryton_desk: TrytonDesk, our_ref: str) -> None:
    order = tryton_desk.draft()
    tryton_desk.cable.lose = "purchase.purchase.write"
    tryton_desk.connector.confirm(order, our_ref, order.version)
    tryton_desk.act({"do": "cancel", "id": int(order.external_id)})

    result = tryton_desk.connector.confirm(order, our_ref, order.version)

    assert isinstance(result, Conflict)
    assert tryton_desk.connector.find_by_ref(Entity.ORDER, our_ref) is None


@pytest.mark.tryton
def test_receipts_are_not_pulled(tryton_desk: TrytonDesk) -> None:
    with pytest.raises(PermanentError, match="changes"):
        tryton_desk.connector.pull(Entity.RECEIPT, START)


@pytest.mark.tryton
def test_tryton_itself_refuses_a_stale_stamp(tryton_desk: TrytonDesk) -> None:
    order = tryton_desk.draft()
    rpc = tryton_desk.tryton._rpc
    guard = {f"purchase.purchase,{order.external_id}": "1.0"}

    with pytest.raises(MovedOn):
        rpc.model("purchase.purchase", "write", [int(order.external_id)], {"reference": "X"}, guard=guard)


@pytest.mark.tryton
def test_lines_may_be_added_and_dropped_before_confirming(tryton_desk: TrytonDesk, our_ref: str) -> None:
    order = tryton_desk.draft()
    line = replace(order.lines[0], external_id="", line_no=1, quantity=Decimal(24), unit_price=None, uom="EA")

    result = tryton_desk.connector.confirm(replace(order, lines=(line,)), our_ref, order.version)

    assert isinstance(result, Applied)
    there = again(tryton_desk, order).lines
    assert [(entry.quantity, entry.uom, entry.tax_codes) for entry in there] == [(Decimal(24), "EA", ("Resale exempt",))]
    assert there[0].unit_price == Decimal("86.4")


@pytest.mark.tryton
def test_a_unit_tryton_does_not_have_is_refused(tryton_desk: TrytonDesk, our_ref: str) -> None:
    order = tryton_desk.draft()
    line = replace(order.lines[0], uom="PALLET")

    result = tryton_desk.connector.confirm(replace(order, lines=(line,)), our_ref, order.version)

    assert isinstance(result, Rejected)
    assert result.code == "uom_unknown"


@pytest.mark.tryton
def test_an_order_confirmed_past_us_is_a_conflict(tryton_desk: TrytonDesk, our_ref: str) -> None:
    order = tryton_desk.draft()
    tryton_desk.act({"do": "confirm", "id": int(order.external_id)})

    result = tryton_desk.connector.confirm(order, our_ref, order.version)

    there = again(tryton_desk, order)
    assert result == Conflict(order.external_id, there.version)
    assert (there.status, there.order_ref) == (ErpOrderStatus.CONFIRMED, None)


@pytest.mark.tryton
def test_an_amendment_after_confirmation_shows_as_other_content(tryton_desk: TrytonDesk, our_ref: str) -> None:
    order = confirmed(tryton_desk, our_ref)
    tryton_desk.act({"do": "amend", "id": int(order.external_id), "line": 1, "set": {"quantity": "22"}})

    there = again(tryton_desk, order)

    assert there.lines[0].quantity == 22
    assert there.content_hash != order.content_hash
    assert there.revision > order.revision


@pytest.mark.tryton
def test_a_cancelled_draft_says_so(tryton_desk: TrytonDesk) -> None:
    order = tryton_desk.draft()
    tryton_desk.act({"do": "cancel", "id": int(order.external_id)})

    assert again(tryton_desk, order).status is ErpOrderStatus.CANCELLED


@pytest.mark.tryton
def test_a_draft_tells_who_typed_it_and_how(tryton_desk: TrytonDesk) -> None:
    order = tryton_desk.draft()

    assert (order.origin, order.typist, order.order_date) == (Origin.TYPED, "D. Whitfield", date(2026, 3, 9))


@pytest.mark.tryton
def test_more_than_ordered_is_taken_when_the_receipt_was_decided(tryton_desk: TrytonDesk, our_ref: str) -> None:
    order = confirmed(tryton_desk, our_ref)

    result = tryton_desk.connector.post_receipt(a_receipt(order, our_ref, "21"), order.version)

    assert isinstance(result, Applied)
    assert again(tryton_desk, order).lines[0].quantity_received == 21


@pytest.mark.tryton
def test_pumps_counted_one_by_one_are_received_in_cartons(tryton_desk: TrytonDesk, our_ref: str) -> None:
    order = confirmed(tryton_desk, our_ref)
    line = ErpReceiptLine(order_line=order.lines[0].external_id, quantity=Decimal(144), uom="EA")

    result = tryton_desk.connector.post_receipt(replace(a_receipt(order, our_ref, "1"), lines=(line,)), order.version)

    assert isinstance(result, Applied)
    assert again(tryton_desk, order).lines[0].quantity_received == 12


@pytest.mark.tryton
def test_a_receipt_in_a_foreign_unit_or_beyond_the_order_is_refused(tryton_desk: TrytonDesk, our_ref: str) -> None:
    order = confirmed(tryton_desk, our_ref)
    receipt = a_receipt(order, our_ref, "1")
    foreign = replace(receipt, lines=(replace(receipt.lines[0], uom="BOX10"),))
    unknown = replace(receipt, lines=(replace(receipt.lines[0], order_line="999999"),))

    first = tryton_desk.connector.post_receipt(foreign, order.version)
    second = tryton_desk.connector.post_receipt(unknown, order.version)

    assert isinstance(first, Rejected)
    assert isinstance(second, Rejected)
    assert (first.code, second.code) == ("uom_mismatch", "nothing_expected")


@pytest.mark.tryton
def test_one_invoice_over_two_receipts_is_posted_as_one(tryton_desk: TrytonDesk, our_ref: str) -> None:
    order = confirmed(tryton_desk, our_ref)
    tryton_desk.connector.post_receipt(a_receipt(order, our_ref, "12"), order.version)
    tryton_desk.connector.post_receipt(a_receipt(order, f"{our_ref}B", "8"), again(tryton_desk, order).version)

    result = tryton_desk.connector.post_invoice(an_invoice(order, our_ref, "20"), again(tryton_desk, order).version)

    assert isinstance(result, Applied)
    assert again(tryton_desk, order).lines[0].quantity_invoiced == 20


@pytest.mark.tryton
def test_what_is_not_billed_yet_can_be_billed_later(tryton_desk: TrytonDesk, our_ref: str) -> None:
    order = confirmed(tryton_desk, our_ref)
    tryton_desk.connector.post_receipt(a_receipt(order, our_ref, "20"), order.version)
    first = tryton_desk.connector.post_invoice(an_invoice(order, our_ref, "12"), again(tryton_desk, order).version)

    second = tryton_desk.connector.post_invoice(
        an_invoice(order, f"{our_ref}B", "8", "1036.80"), again(tryton_desk, order).version
    )

    assert isinstance(first, Applied)
    assert isinstance(second, Applied)
    assert first.external_id != second.external_id
    assert again(tryton_desk, order).lines[0].quantity_invoiced == 20


@pytest.mark.tryton
def test_an_invoice_in_another_unit_is_refused(tryton_desk: TrytonDesk, our_ref: str) -> None:
    order = confirmed(tryton_desk, our_ref)
    tryton_desk.connector.post_receipt(a_receipt(order, our_ref, "20"), order.version)
    invoice = an_invoice(order, our_ref, "12")
    pieces = replace(invoice, lines=(replace(invoice.lines[0], uom="EA"),))

    result = tryton_desk.connector.post_invoice(pieces, again(tryton_desk, order).version)

    assert isinstance(result, Rejected)
    assert result.code == "uom_mismatch"


@pytest.mark.tryton
def test_inactive_obsolete_and_stale_items_are_reported_as_such(tryton_desk: TrytonDesk) -> None:
    items = {entry.sku: entry for entry in tryton_desk.connector.pull(Entity.ITEM, START).records if isinstance(entry, ErpItem)}

    assert items["TOO-900"].status is ItemStatus.INACTIVE
    assert not items["TOO-900"].active
    assert items["VLV-900"].status is ItemStatus.OBSOLETE
    assert items["TOO-130"].updated_at == datetime(2024, 11, 18, 9, tzinfo=UTC)


@pytest.mark.tryton
def test_a_session_that_ended_is_opened_again(tryton_desk: TrytonDesk) -> None:
    tryton_desk.connector.health()
    tryton_desk.tryton._rpc._authorization = "Session bm90OjE6bWluZQ=="

    assert tryton_desk.connector.reconcile(Entity.SITE)


@pytest.mark.tryton
def test_s31_nothing_posts_to_the_general_ledger_and_every_write_names_document_and_version(
    tryton_desk: TrytonDesk, audit: list[RpcCall], our_ref: str
) -> None:
    order = confirmed(tryton_desk, our_ref)
    tryton_desk.connector.post_receipt(a_receipt(order, our_ref, "12"), order.version)
    posted = tryton_desk.connector.post_invoice(an_invoice(order, our_ref, "12"), again(tryton_desk, order).version)
    assert isinstance(posted, Applied)
    tryton_desk.connector.hold_invoice(posted.external_id, posted.version)

    writes = [call for call in audit if call.writes and call.model != "res.user.warning"]
    ledger = {(call.model, call.method) for call in writes if call.model.startswith("account.move")}

    assert {call.model for call in writes} <= {
        "purchase.purchase",
        "stock.shipment.in",
        "account.invoice",
        "account.move.line",
    }
    assert ledger <= {("account.move.line", "payment_block"), ("account.move.line", "payment_unblock")}
    assert all(call.guard for call in writes)
    assert all(call.ids for call in writes if call.method != "create")


@pytest.mark.parametrize(
    "answer",
    [
        lambda method: httpx.Response(200, text="<html>Please log in</html>"),
        lambda method: httpx.Response(200, json={"id": 0}),
        lambda method: httpx.Response(200, json={"id": 0, "result": {"not": "a list"}}),
        lambda method: httpx.Response(403, text="forbidden"),
        error("KeyError: 'nothing'", "Traceback"),
    ],
)
def test_an_answer_that_is_not_what_was_agreed_is_a_failure(answer: Answer) -> None:
    with pytest.raises(PermanentError):
        a_tryton_that(answer).pull(Entity.SITE, START)


@pytest.mark.parametrize("answer", [lambda method: httpx.Response(503, text="busy"), error("database is locked", "Traceback")])
def test_a_busy_tryton_is_asked_again_later(answer: Answer) -> None:
    with pytest.raises(RetryableError):
        a_tryton_that(answer).pull(Entity.SITE, START)


def test_a_refused_account_is_a_persons_matter() -> None:
    refused = TrytonConnector(ACCESS, transport=httpx.MockTransport(lambda request: httpx.Response(401)))
    odd = TrytonConnector(ACCESS, transport=httpx.MockTransport(lambda request: httpx.Response(200, json={"result": 7})))

    with pytest.raises(PermanentError, match="password"):
        refused.reconcile(Entity.SITE)
    with pytest.raises(PermanentError, match="session"):
        odd.reconcile(Entity.SITE)
    refused.close()


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error("UserError", ["Too many.", "", None]), "rule"),
        (error("UserWarning", ["x.similar_invoice", "Is this a copy?", ""]), "warning"),
    ],
)
def test_refusals_are_told_apart(answer: Answer, kind: str) -> None:
    with pytest.raises(RuleRefusal) as caught:
        a_tryton_that(answer).reconcile(Entity.SITE)

    assert caught.value.kind == kind


def test_values_keep_their_type_on_the_wire() -> None:
    moment = datetime(2026, 3, 9, 14, 30, tzinfo=UTC)
    for value in (Decimal("4.5"), date(2026, 3, 9), moment):
        assert from_wire(to_wire(value)) == value
    assert from_wire([{"__class__": "timedelta", "seconds": 86400}]) == [timedelta(days=1)]
    assert quantity_to_wire(Decimal("2.50")) == 2.5
    with pytest.raises(TypeError):
        to_wire(object())


def test_a_factor_tryton_rounded_is_taken_from_its_exact_side() -> None:
    assert unit_factor({"factor": Decimal("0.3048"), "rate": Decimal("3.280839895013")}) == Fraction(3048, 10000)
    assert unit_factor({"factor": Decimal("0.083333333333"), "rate": 12}) == Fraction(1, 12)
