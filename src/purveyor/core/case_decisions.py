"""What can be done with an exception: open, see again, resolve, override, reopen, reassign, hold, escalate.

Pure decisions over the values of cases.py; each returns the exception as it stands afterwards and the events that say so.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from purveyor.core.access import Actor, ActorKind, Permission, Role
from purveyor.core.cases import (
    CLEARED,
    CaseClosed,
    CaseNotClosed,
    CaseStatus,
    ExceptionCase,
    ExceptionRule,
    NotYourException,
    OpenCase,
)
from purveyor.core.errors import InvalidInput, ReasonRequired, StaleVersion
from purveyor.core.events.base import Event, Ref
from purveyor.core.events.case import (
    ExceptionEscalated,
    ExceptionHeld,
    ExceptionHoldEnded,
    ExceptionOpened,
    ExceptionReassigned,
    ExceptionRecurred,
    ExceptionReopened,
    ExceptionResolved,
)
from purveyor.core.ids import ExceptionCaseId, UserId
from purveyor.core.writing import written


@dataclass(frozen=True, slots=True)
class CaseDecision:
    """The exception as it stands after a decision, and what happened."""

    case: ExceptionCase
    events: tuple[Event, ...]


def open_case(
    command: OpenCase, rule: ExceptionRule, case_id: ExceptionCaseId, actor: Actor, due_at: datetime, now: datetime
) -> CaseDecision:
    """Open an exception as policy routes it; the owner role, due time and allowed resolutions are fixed here."""
    case = ExceptionCase(
        id=case_id,
        type=command.type,
        natural_key=command.natural_key,
        subject=command.subject,
        owner_role=rule.owner_role,
        route=rule.route,
        due_at=due_at,
        severity=rule.severity,
        allowed_resolutions=rule.allowed_resolutions,
        policy=rule.policy,
        opened_at=now,
        summary=command.summary,
        business_unit_id=command.business_unit_id,
        supplier_id=command.supplier_id,
        category=command.category,
        owner_id=command.owner_id,
        exposure=command.exposure,
        evidence=command.evidence,
        proposed_resolution=command.proposed_resolution,
        opened_by=actor.id,
    )
    unit = () if case.business_unit_id is None else (Ref("business_unit", case.business_unit_id),)
    event = ExceptionOpened(
        stream=case.stream,
        refs=(*case.subject.refs(), *unit),
        policy_set=rule.policy,
        exception_type=case.type.value,
        line_no=case.subject.line_no,
        owner_role=case.owner_role.value,
        owner_id=case.owner_id,
        due_at=due_at,
        exposure=None if case.exposure is None else case.exposure.amount,
        currency=None if case.exposure is None else case.exposure.currency,
    )
    return CaseDecision(case, (event,))


def occur_again(case: ExceptionCase, command: OpenCase) -> CaseDecision:
    """Take the evidence and money of a later occurrence; the same facts again change nothing and are not counted."""
    newer = replace(
        case,
        summary=command.summary or case.summary,
        exposure=command.exposure if command.exposure is not None else case.exposure,
        evidence=command.evidence or case.evidence,
        proposed_resolution=command.proposed_resolution or case.proposed_resolution,
    )
    if newer == case:
        return CaseDecision(case, ())
    newer = replace(newer, occurrences=case.occurrences + 1, version=case.version + 1)
    event = ExceptionRecurred(
        stream=case.stream,
        refs=case.subject.refs(),
        occurrences=newer.occurrences,
        exposure=None if newer.exposure is None else newer.exposure.amount,
        currency=None if newer.exposure is None else newer.exposure.currency,
    )
    return CaseDecision(newer, (event,))


def require_version(case: ExceptionCase, version: int | None) -> None:
    """Raise StaleVersion when a form shows an older exception; a command without version is not compared."""
    if version is not None and version != case.version:
        raise StaleVersion(seen=version, current=case.version)


def require_owner(case: ExceptionCase, actor: Actor) -> None:
    """Raise unless the actor may act here: its role owned the exception, it is the named owner, or it may override."""
    actor.require(Permission.EXCEPTION_RESOLVE)
    if actor.kind is not ActorKind.USER or actor.may(Permission.FINDING_OVERRIDE):
        return
    if actor.id is not None and actor.id == case.owner_id:
        return
    owners = {case.owner_role, *case.route[: case.level + 1]}
    if not owners & actor.roles:
        raise NotYourException(owners=", ".join(sorted(role.value for role in owners)))


def _require_open(case: ExceptionCase) -> None:
    if not case.is_open:
        raise CaseClosed(resolution=case.resolution)


def _require_reason(reason: str | None, action: str) -> str:
    said = written(reason or "")
    if not said:
        raise ReasonRequired(action=action)
    return said


def resolve(
    case: ExceptionCase, actor: Actor, resolution: str, reason: str | None, now: datetime, known: Collection[str] = ()
) -> CaseDecision:
    """Settle an exception. A resolution policy does not list for it is an override: it needs the right to override and a reason.

    ``known`` are the resolutions policy lists for any exception. Others are refused: the resolution stands in the log for ever
    and is no place for free text; words belong into the reason, which can be erased.
    Raises: CaseClosed, NotAuthorised, NotYourException, ReasonRequired, InvalidInput.
    """
    _require_open(case)
    require_owner(case, actor)
    override = resolution not in case.allowed_resolutions
    if override:
        actor.require(Permission.FINDING_OVERRIDE)
        _require_reason(reason, "override")
        if resolution not in known:
            raise InvalidInput(field="resolution", reason="not one of the resolutions that policy names")
    return _resolved(case, actor, resolution, written(reason or "") or None, override, now)


def clear(case: ExceptionCase, actor: Actor, now: datetime) -> CaseDecision:
    """Settle an exception whose cause is gone; no person decided anything, so nothing is an override."""
    _require_open(case)
    return _resolved(case, actor, CLEARED, None, override=False, now=now)


def _resolved(
    case: ExceptionCase, actor: Actor, resolution: str, reason: str | None, override: bool, now: datetime
) -> CaseDecision:
    settled = replace(
        case,
        status=CaseStatus.RESOLVED,
        resolution=resolution,
        resolved_at=now,
        resolved_by=actor.id,
        reason=reason,
        override=override,
        version=case.version + 1,
    )
    event = ExceptionResolved(
        stream=case.stream,
        refs=case.subject.refs(),
        reason=reason,
        policy_set=case.policy,
        on_behalf_of=actor.on_behalf_of,
        exception_type=case.type.value,
        resolution=resolution,
        override=override,
        in_time=now <= case.due_at,
    )
    return CaseDecision(settled, (event,))


def reopen(case: ExceptionCase, actor: Actor, reason: str, due_at: datetime) -> CaseDecision:
    """Undo a resolution; the exception returns to its owner with a new due time. Raises: CaseNotClosed, ReasonRequired."""
    if case.is_open:
        raise CaseNotClosed(status=case.status.value)
    require_owner(case, actor)
    words = _require_reason(reason, "reopen")
    again = replace(
        case,
        status=CaseStatus.OPEN,
        due_at=due_at,
        resolution=None,
        resolved_at=None,
        resolved_by=None,
        reason=None,
        override=False,
        version=case.version + 1,
    )
    event = ExceptionReopened(
        stream=case.stream,
        refs=case.subject.refs(),
        reason=words,
        undone_resolution=case.resolution,
        was_override=case.override,
        due_at=due_at,
    )
    return CaseDecision(again, (event,))


def reassign(case: ExceptionCase, actor: Actor, role: Role, person: UserId | None, reason: str) -> CaseDecision:
    """Give an exception to another role or person; from, to, by and why are kept. Raises: CaseClosed, ReasonRequired."""
    _require_open(case)
    require_owner(case, actor)
    words = _require_reason(reason, "reassign")
    moved = replace(case, owner_role=role, owner_id=person, version=case.version + 1)
    event = ExceptionReassigned(
        stream=case.stream,
        refs=case.subject.refs(),
        reason=words,
        from_role=case.owner_role.value,
        from_id=case.owner_id,
        to_role=role.value,
        to_id=person,
    )
    return CaseDecision(moved, (event,))


def hold(case: ExceptionCase, actor: Actor, until: datetime, reason: str) -> CaseDecision:
    """Put an exception on hold until a moment; then it is due and escalates like any other, so that none is forgotten."""
    _require_open(case)
    require_owner(case, actor)
    words = _require_reason(reason, "hold")
    held = replace(case, status=CaseStatus.ON_HOLD, due_at=max(case.due_at, until), version=case.version + 1)
    event = ExceptionHeld(stream=case.stream, refs=case.subject.refs(), reason=words, due_at=held.due_at)
    return CaseDecision(held, (event,))


def escalate(case: ExceptionCase, due_at: datetime, now: datetime) -> CaseDecision:
    """Move a breached exception to the next role of its route with a new due time.

    At the end of the route it stays with the last role, still open (a hold ends): time alone never settles anything. Before the
    due time, or when it is already settled, nothing happens (a timer that fires late or twice is harmless).
    """
    if not case.is_open or now < case.due_at:
        return CaseDecision(case, ())
    if case.level + 1 >= len(case.route):
        return _end_hold(case)
    level = case.level + 1
    moved = replace(
        case,
        level=level,
        owner_role=case.route[level],
        owner_id=None,
        status=CaseStatus.OPEN,
        due_at=due_at,
        version=case.version + 1,
    )
    event = ExceptionEscalated(
        stream=case.stream,
        refs=case.subject.refs(),
        policy_set=case.policy,
        level=level,
        from_role=case.owner_role.value,
        from_id=case.owner_id,
        to_role=moved.owner_role.value,
        due_at=due_at,
    )
    return CaseDecision(moved, (event,))


def _end_hold(case: ExceptionCase) -> CaseDecision:
    if case.status is not CaseStatus.ON_HOLD:
        return CaseDecision(case, ())
    back = replace(case, status=CaseStatus.OPEN, version=case.version + 1)
    event = ExceptionHoldEnded(stream=case.stream, refs=case.subject.refs(), owner_role=case.owner_role.value)
    return CaseDecision(back, (event,))
