"""S97: the supplier's API is away; the order goes by mail under the same identity, and an answer by both channels counts once."""

from __future__ import annotations

from purveyor.app.acknowledge import AcknowledgmentResult
from purveyor.app.progress import progress_of
from purveyor.core.access import SYSTEM
from purveyor.core.acknowledge import ApplyResult
from purveyor.core.events.base import Ref
from purveyor.core.lifecycle import Status
from purveyor.core.messaging import MessageKind
from purveyor.core.order import PurchaseOrder
from purveyor.store import events, messages
from tests.chaos.flow import SUPPLIER, Flow, a_clean_draft

ADDRESS = "orders@keller.example"


def sent_by_mail(flow: Flow) -> PurchaseOrder:
    """An order whose supplier's API answered 503 twice."""
    flow.partners.suppliers.down.add(SUPPLIER)
    [order] = flow.takes_in(a_clean_draft(1))
    flow.settles()
    return order


def test_s97_an_order_goes_by_mail_under_the_same_identity_when_the_api_answers_503(flow: Flow) -> None:
    order = sent_by_mail(flow)

    [message] = flow.messages_of(order, MessageKind.SUPPLIER_ORDER)
    [mail] = flow.partners.mailbox.to(ADDRESS)
    assert (message.state, message.channel) == ("done", "email")
    assert mail.message["X-Purveyor-Message"] == str(message.id)
    asked = {call.headers["idempotency-key"] for call in flow.partners.suppliers.server.received}
    assert asked == {str(message.id)}
    with flow.database.read(SYSTEM) as tx:
        tried = [(attempt.channel, attempt.outcome) for attempt in messages.attempts_of(tx, message.id)]
    assert tried == [("api", "retry"), ("api", "next_channel"), ("email", "done")]


def test_s97_the_answer_by_link_and_later_by_api_counts_once(flow: Flow) -> None:
    order = sent_by_mail(flow)

    by_link = flow.answers(order, "form-1", channel="portal")
    by_api = flow.answers(order, "ACK-7", channel="api", minutes=30)
    again = flow.answers(order, "ACK-7", channel="api", minutes=30)

    assert (by_link.result, by_api.result) == (ApplyResult.APPLIED, ApplyResult.DUPLICATE)
    assert again.repeated
    assert flow.order("d1").status is Status.ACKNOWLEDGED
    assert accepted(by_api) == accepted(by_link) == order.lines[0].quantity
    with flow.database.read(SYSTEM) as tx:
        told = [event.type for event in events.read_stream(tx, Ref("order", order.id))]
        [line] = progress_of(tx, [order.id])[order.id]
    assert (told.count("promise.made"), told.count("order.acknowledged")) == (1, 1)
    assert line.promised <= line.ordered


def test_s97_a_supplier_who_is_reached_by_no_channel_is_a_persons_question_and_one_replay_ends_it(flow: Flow) -> None:
    flow.partners.mailbox.verdicts[ADDRESS] = "550 no such mailbox"
    order = sent_by_mail(flow)
    assert flow.open_types(order) == ["MESSAGE_FAILED"]

    flow.partners.suppliers.down.clear()
    flow.partners.mailbox.verdicts.clear()
    flow.replays(order, MessageKind.SUPPLIER_ORDER)

    assert flow.open_types(order) == []
    [mail] = flow.partners.mailbox.to(ADDRESS)
    [message] = flow.messages_of(order, MessageKind.SUPPLIER_ORDER)
    assert mail.message["X-Purveyor-Message"] == str(message.id)


def accepted(result: AcknowledgmentResult) -> object:
    """What the first line counts as accepted."""
    return result.lines[0].balance.accepted
