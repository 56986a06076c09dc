"""The registry: which function does which kind of job."""

from __future__ import annotations

from purveyor.app.advise import ADVISE
from purveyor.app.answer_clock import ANSWER_DUE
from purveyor.app.approval_steps import ESCALATE, REMIND
from purveyor.app.approve import RELEASE
from purveyor.app.cases import DUE_TIMER
from purveyor.app.follow_up import CLOSE_CHECK, MATCH_AGAIN
from purveyor.app.match import WAIT_TIMER
from purveyor.app.quarantine import PULL_JOB, READ_ORDER_JOB
from purveyor.core.messaging import SUPPLIER_KINDS, MessageKind
from purveyor.settings import Settings
from purveyor.store.jobs import Registry
from purveyor.worker import timed
from purveyor.worker.compute import advise_about
from purveyor.worker.connections import Connections, load_connections
from purveyor.worker.inbound import PULL_ALL_JOB, Inbound
from purveyor.worker.outbound import ToPeople, ToSuppliers, ToWarehouse
from purveyor.worker.periodic import Housekeeping
from purveyor.worker.reachability import LOOK_JOB, Lookout
from purveyor.worker.to_erp import ToErp

EVERY_MINUTE = "* * * * *"


def build_registry(settings: Settings, connections: Connections | None = None) -> Registry:
    """Return every task of the product, wired for this installation; ``connections`` default to those of the settings."""
    known = connections or load_connections(settings)
    registry = Registry(give_up=timed.give_up)
    housekeeping = Housekeeping(settings)
    registry.add("seal_log", housekeeping.seal_log, cron="5 0 * * *")
    # Named so by the version that forgot nothing but answers: queued jobs outlive an upgrade.
    registry.add("forget_answers", housekeeping.forget, cron="35 0 * * *")
    registry.add(LOOK_JOB, Lookout(known).look, cron=EVERY_MINUTE)
    _add_reading(registry, known)
    _add_sending(registry, settings, known)
    registry.add(ADVISE, advise_about)
    _add_timed(registry)
    return registry


def _add_reading(registry: Registry, connections: Connections) -> None:
    inbound = Inbound(connections)
    registry.add(PULL_ALL_JOB, inbound.pull_all, cron=EVERY_MINUTE)
    registry.add(PULL_JOB, inbound.pull)
    registry.add(READ_ORDER_JOB, inbound.read_order)


def _add_sending(registry: Registry, settings: Settings, connections: Connections) -> None:
    erp = ToErp(connections, settings)
    registry.add(MessageKind.ERP_CONFIRM, erp.confirm)
    registry.add(MessageKind.ERP_RECEIPT, erp.post_receipt)
    registry.add(MessageKind.ERP_INVOICE_POST, erp.post_invoice)
    registry.add(MessageKind.ERP_INVOICE_HOLD, erp.hold_invoice)
    registry.add(MessageKind.ERP_INVOICE_RELEASE, erp.release_invoice)
    suppliers = ToSuppliers(connections, settings)
    for kind in sorted(SUPPLIER_KINDS):
        registry.add(kind, suppliers.send)
    registry.add(MessageKind.WMS_EXPECTED_RECEIPT, ToWarehouse(connections).announce)
    registry.add(MessageKind.ACCOUNT_LINK, ToPeople(connections, settings).send)


def _add_timed(registry: Registry) -> None:
    for kind, act in (
        (RELEASE, timed.release),
        (REMIND, timed.remind_approver),
        (ESCALATE, timed.escalate_approval),
        (DUE_TIMER, timed.escalate_exception),
        (ANSWER_DUE, timed.chase_answer),
        (WAIT_TIMER, timed.end_wait),
        (MATCH_AGAIN, timed.match_again),
        (CLOSE_CHECK, timed.close_order),
    ):
        registry.add(kind, timed.in_transaction(act))
