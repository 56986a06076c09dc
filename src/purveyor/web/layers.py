"""The five layers of procurement that this installation names: where each is described, who owns it, and whether it is well.

The names are those of the trade: ERP, orchestration, middleware, API governance, process intelligence.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from purveyor.app import diagnose
from purveyor.app.diagnose import Check, Limits, Verdict
from purveyor.settings import Settings
from purveyor.store import interfaces
from purveyor.store.condition import open_documents
from purveyor.store.db import Tx
from purveyor.web.i18n import marked

Look = Callable[[Tx, Settings, Limits], Sequence[Check]]


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer: the address of its health is ``/readyz/KEY``, its page ``docs/layers/KEY.md``, its owner a setting."""

    key: str
    title: str
    look: Look
    owner_of: Callable[[Settings], str]


def _erp(tx: Tx, settings: Settings, limits: Limits) -> Sequence[Check]:
    away = [one.name for one in interfaces.listed(tx) if one.name.startswith("erp:") and one.problem]
    return [_verdict("ERPs", away, "all answer")]


def _orchestration(tx: Tx, settings: Settings, limits: Limits) -> Sequence[Check]:
    return diagnose.readiness(tx, limits, settings.data_dir)


def _middleware(tx: Tx, settings: Settings, limits: Limits) -> Sequence[Check]:
    late = [one.interface for one in open_documents(tx) if one.state == "dead" or one.oldest > limits.queue_age]
    return [_verdict("documents", sorted(set(late)), "none failed, none is late")]


def _api(tx: Tx, settings: Settings, limits: Limits) -> Sequence[Check]:
    late = [one.interface for one in open_documents(tx) if one.interface.startswith("inbound:") and one.oldest > limits.queue_age]
    return [_verdict("received documents", late, "all are taken up")]


def _insight(tx: Tx, settings: Settings, limits: Limits) -> Sequence[Check]:
    return [check for check in diagnose.readiness(tx, limits, settings.data_dir) if check.name == "event log"]


def _verdict(name: str, wrong: Sequence[str], well: str) -> Check:
    return Check(name, Verdict.FAIL if wrong else Verdict.OK, ", ".join(wrong) or well)


LAYERS: Final = {
    layer.key: layer
    for layer in (
        Layer("erp", marked("ERP"), _erp, lambda at: at.owner_erp),
        Layer("orchestration", marked("Orchestration"), _orchestration, lambda at: at.owner_orchestration),
        Layer("middleware", marked("Middleware"), _middleware, lambda at: at.owner_middleware),
        Layer("api-governance", marked("API governance"), _api, lambda at: at.owner_api_governance),
        Layer("process-intelligence", marked("Process intelligence"), _insight, lambda at: at.owner_process_intelligence),
    )
}
"""Key -> layer, from the books upwards."""
