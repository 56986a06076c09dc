"""Advisories: what a model proposes about a line, with everything it rests on, and what a person made of it.

An advisory cannot act. One whose score is over the threshold asks a person; until somebody decides, the order does not leave.
Source: domain.md 1, Order larger than usual.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID

from purveyor.core.access import Actor, ActorKind, Permission
from purveyor.core.canonical import Json, canonical_json
from purveyor.core.errors import IllegalTransition, PurveyorError, ReasonRequired
from purveyor.core.events.advisory import AdvisoryDecided, AdvisoryRecorded
from purveyor.core.events.base import Ref
from purveyor.core.gate import GateReport
from purveyor.core.ids import AdvisoryId, BusinessUnitId, ExceptionCaseId, ItemId, OrderId, SiteId, SupplierId, UserId
from purveyor.core.money import Money
from purveyor.core.rules.base import LineCheck, line_check, order_check
from purveyor.core.rules.usual import median
from purveyor.core.writing import written

ANOMALY: Final = "QUANTITY_ANOMALY"
"""The finding of the gate that this advisory explains."""


class AdvisoryUndecided(PurveyorError):
    """A quantity is larger than usual and nobody has decided about it yet; keep it with a reason or change the order."""

    code = "advisory_undecided"


class AdvisoryState(StrEnum):
    """Where an advisory stands: below the threshold, waiting for a person, decided, or without object any more."""

    NOTED = "noted"
    OPEN = "open"
    KEPT = "kept"
    TAKEN = "taken"
    MOOT = "moot"


class AdvisoryVerdict(StrEnum):
    """What a person does with a suggestion: keeps what was ordered, or takes the suggestion and changes the order."""

    KEPT = "kept"
    TAKEN = "taken"


@dataclass(frozen=True, slots=True)
class QuantityInputs:
    """All that the quantity check looks at. Quantities are base units; the limits are those of the policy named."""

    item_id: ItemId
    site_id: SiteId
    ordered: Decimal
    uom: str
    history: tuple[Decimal, ...]
    deviations: Decimal
    times_largest: Decimal
    least_orders: int
    least_times_median: Decimal
    policy: str

    def as_text(self) -> str:
        """Return the canonical JSON (RFC 8785) that is stored and hashed."""
        return canonical_json(self).decode("utf-8")


def inputs_from(stored: dict[str, Json]) -> QuantityInputs:
    """Read inputs back from their JSON; ``inputs_from(json.loads(inputs.as_text())) == inputs``."""
    history = stored["history"]
    assert isinstance(history, list)
    return QuantityInputs(
        item_id=ItemId(UUID(str(stored["item_id"]))),
        site_id=SiteId(UUID(str(stored["site_id"]))),
        ordered=Decimal(str(stored["ordered"])),
        uom=str(stored["uom"]),
        history=tuple(Decimal(str(past)) for past in history),
        deviations=Decimal(str(stored["deviations"])),
        times_largest=Decimal(str(stored["times_largest"])),
        least_orders=int(str(stored["least_orders"])),
        least_times_median=Decimal(str(stored["least_times_median"])),
        policy=str(stored["policy"]),
    )


@dataclass(frozen=True, slots=True)
class QuantityQuestion:
    """One line at one ship-to site that a model is asked about; ``exposure`` is the money above the usual quantity."""

    order_id: OrderId
    order_ref: str
    order_version: int
    business_unit_id: BusinessUnitId
    supplier_id: SupplierId | None
    buyer_id: UserId | None
    category: str | None
    line_no: int
    site_code: str
    inputs: QuantityInputs
    exposure: Money | None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What a model says: its identity, the digest of its inputs, score against threshold, a proposal and the reason in words."""

    question: QuantityQuestion
    model: str
    model_version: str
    inputs_hash: str
    score: Decimal
    threshold: Decimal
    proposal: Decimal
    reason: str

    @property
    def over(self) -> bool:
        """Say whether a person is asked."""
        return self.score > self.threshold


@dataclass(frozen=True, slots=True)
class Advisory:
    """A suggestion on record and what became of it."""

    id: AdvisoryId
    order_id: OrderId
    order_version: int
    business_unit_id: BusinessUnitId
    line_no: int
    site_code: str
    model: str
    model_version: str
    inputs: QuantityInputs
    inputs_hash: str
    score: Decimal
    threshold: Decimal
    proposal: Decimal
    reason: str
    advised_at: datetime
    state: AdvisoryState
    case_id: ExceptionCaseId | None = None
    decided_by: UUID | None = None
    decided_at: datetime | None = None
    decision_reason: str | None = None

    @property
    def stream(self) -> Ref:
        """The event stream of this advisory."""
        return Ref("advisory", self.id)

    @property
    def refs(self) -> tuple[Ref, ...]:
        """What it touches."""
        return (Ref("order", self.order_id),)


def questions(report: GateReport) -> tuple[QuantityQuestion, ...]:
    """Return what there is to ask about the version a gate report saw: every line and site with orders to compare with."""
    whole = order_check(report.order, report.facts, report.policy, report.checked_at)
    checks = (line_check(whole, line) for line in report.order.lines if not line.cancelled)
    return tuple(
        _question(at, site, ordered, fact.value)
        for at in checks
        for site, ordered in at.by_site
        if (fact := at.facts.history.get(site)) is not None and fact.value
    )


def _question(at: LineCheck, site: SiteId, ordered: Decimal, history: tuple[Decimal, ...]) -> QuantityQuestion:
    assert at.item is not None
    limits, order = at.policy, at.order
    cost = at.cost(ordered - median(sorted(history)))
    return QuantityQuestion(
        order_id=order.id,
        order_ref=order.order_ref,
        order_version=order.version,
        business_unit_id=order.business_unit_id,
        supplier_id=order.supplier_id,
        buyer_id=order.buyer_id,
        category=at.item.category,
        line_no=at.line.line_no,
        site_code=at.site_code(site),
        inputs=QuantityInputs(
            item_id=at.item.id,
            site_id=site,
            ordered=ordered,
            uom=at.base_uom,
            history=tuple(sorted(history)),
            deviations=limits.usual_deviations,
            times_largest=limits.usual_times_largest,
            least_orders=limits.usual_least_orders,
            least_times_median=limits.usual_least_times_median,
            policy=limits.policy,
        ),
        exposure=None if cost is None else Money(cost, order.currency),
    )


def suspicious_lines(report: GateReport) -> frozenset[int]:
    """Return the lines whose quantity the gate finds larger than usual and nobody has overridden."""
    return frozenset(found.line_no for found in report.standing if found.code == ANOMALY and found.line_no is not None)


def undecided(report: GateReport, known: Collection[Advisory]) -> tuple[int, ...]:
    """Return the lines that wait for a person: suspicious to the gate or to a model, and no decision to keep that quantity.

    The gate's own finding counts even before the model was asked, so that the order of background jobs makes no difference.
    """
    kept = {_about(one) for one in known if one.state is AdvisoryState.KEPT}
    suspicious = suspicious_lines(report)
    overridden = {found.line_no for found in report.findings if found.code == ANOMALY} - suspicious
    waiting = {
        one.line_no
        for one in known
        if one.order_version == report.order.version
        and one.state in (AdvisoryState.OPEN, AdvisoryState.TAKEN)
        and _about(one) not in kept
    }
    asked = [question for question in questions(report) if question.line_no in suspicious]
    settled = {line_no for line_no in suspicious if all(_asks(one) in kept for one in asked if one.line_no == line_no)}
    return tuple(sorted((waiting - overridden) | (suspicious - settled)))


def _about(advisory: Advisory) -> tuple[int, SiteId, Decimal]:
    return advisory.line_no, advisory.inputs.site_id, advisory.inputs.ordered


def _asks(question: QuantityQuestion) -> tuple[int, SiteId, Decimal]:
    return question.line_no, question.inputs.site_id, question.inputs.ordered


def is_new(suggestion: Suggestion, known: Collection[Advisory]) -> bool:
    """Say whether a suggestion is not on record yet: one per version, line and site, none about a quantity that was kept."""
    asked = suggestion.question
    place = (asked.order_version, asked.line_no, asked.inputs.site_id, suggestion.model)
    said = {(one.order_version, one.line_no, one.inputs.site_id, one.model) for one in known}
    return place not in said and _asks(asked) not in {_about(one) for one in known if one.state is AdvisoryState.KEPT}


@dataclass(frozen=True, slots=True)
class AdvisoryDecision:
    """The advisory as it stands after a decision, and what happened."""

    advisory: Advisory
    event: AdvisoryRecorded | AdvisoryDecided


def record(suggestion: Suggestion, advisory_id: AdvisoryId, now: datetime) -> AdvisoryDecision:
    """Put a suggestion on record; over the threshold it is open until a person decides."""
    asked = suggestion.question
    advisory = Advisory(
        id=advisory_id,
        order_id=asked.order_id,
        order_version=asked.order_version,
        business_unit_id=asked.business_unit_id,
        line_no=asked.line_no,
        site_code=asked.site_code,
        model=suggestion.model,
        model_version=suggestion.model_version,
        inputs=asked.inputs,
        inputs_hash=suggestion.inputs_hash,
        score=suggestion.score,
        threshold=suggestion.threshold,
        proposal=suggestion.proposal,
        reason=suggestion.reason,
        advised_at=now,
        state=AdvisoryState.OPEN if suggestion.over else AdvisoryState.NOTED,
    )
    event = AdvisoryRecorded(
        stream=advisory.stream,
        refs=(*advisory.refs, Ref("business_unit", advisory.business_unit_id)),
        policy_set=advisory.inputs.policy,
        model=advisory.model,
        model_version=advisory.model_version,
        inputs_hash=advisory.inputs_hash,
        order_version=advisory.order_version,
        line_no=advisory.line_no,
        score=advisory.score,
        threshold=advisory.threshold,
        asks=suggestion.over,
    )
    return AdvisoryDecision(advisory, event)


def decide(advisory: Advisory, verdict: AdvisoryVerdict, actor: Actor, reason: str | None, now: datetime) -> AdvisoryDecision:
    """Record what a person does with a suggestion; keeping an unusual quantity needs a reason.

    Raises NotAuthorised, IllegalTransition (nothing to decide any more), ReasonRequired.
    """
    actor.require(Permission.EXCEPTION_RESOLVE)
    if advisory.state is not AdvisoryState.OPEN:
        raise IllegalTransition(status=advisory.state.value, verb="decide", allowed="")
    words = written(reason or "") or None
    if verdict is AdvisoryVerdict.KEPT and words is None:
        raise ReasonRequired(action="keep_quantity")
    return _decided(advisory, AdvisoryState(verdict.value), actor, words, now)


def keep_by_override(advisory: Advisory, actor: Actor, reason: str, now: datetime) -> AdvisoryDecision:
    """Keep the quantity because somebody with that right overrode the gate's finding about it, with this reason."""
    return _decided(advisory, AdvisoryState.KEPT, actor, reason, now)


def follow(advisory: Advisory, ordered: Decimal | None, actor: Actor, now: datetime) -> AdvisoryDecision:
    """Settle an open advisory whose version is gone: taken when a person ordered less, else it has no object any more.

    ``ordered`` is what stands on the line for the site now, in base units; None when the line is gone or cannot be compared.
    """
    person = actor.kind in (ActorKind.USER, ActorKind.API_CLIENT)
    less = ordered is None or ordered < advisory.inputs.ordered
    state = AdvisoryState.TAKEN if person and less else AdvisoryState.MOOT
    return _decided(advisory, state, actor, None, now)


def _decided(advisory: Advisory, state: AdvisoryState, actor: Actor, reason: str | None, now: datetime) -> AdvisoryDecision:
    after = replace(advisory, state=state, decided_by=actor.id, decided_at=now, decision_reason=reason)
    event = AdvisoryDecided(
        stream=advisory.stream,
        refs=advisory.refs,
        reason=reason,
        on_behalf_of=actor.on_behalf_of,
        line_no=advisory.line_no,
        inputs_hash=advisory.inputs_hash,
        action=state.value,
    )
    return AdvisoryDecision(after, event)
