"""Hand approval steps over for a time, and take them back; both names stay in the log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from purveyor.app.approval_steps import require_approver
from purveyor.core.access import Permission
from purveyor.core.approval_chain import Delegation, Holder, check_delegation
from purveyor.core.errors import InvalidInput, NotAuthorised
from purveyor.core.events.approval import ApprovalDelegated, DelegationEnded
from purveyor.core.events.base import Ref
from purveyor.core.ids import BusinessUnitId, UserId
from purveyor.store import approvers, events
from purveyor.store.db import Tx


@dataclass(frozen=True, slots=True)
class Delegate:
    """Command: the actor's steps go to somebody else from ``starts_at`` to before ``ends_at`` (UTC); no roles means all."""

    delegate: UserId
    starts_at: datetime
    ends_at: datetime
    reason: str
    roles: frozenset[str] = frozenset()
    business_unit_id: BusinessUnitId | None = None


def delegate(tx: Tx, command: Delegate) -> Delegation:
    """Hand the actor's approval steps over, open ones included.

    Raises: NotAuthorised (actor or delegate may not approve), NotFound, InvalidInput, ReasonRequired.
    """
    giver = _acting_person(tx)
    unit_id = command.business_unit_id or _only_unit(tx)
    standing_in = approvers.person(tx, command.delegate, unit_id)
    require_approver(standing_in)
    given = Delegation(
        id=tx.new_id(),
        business_unit_id=unit_id,
        giver=giver,
        delegate=standing_in.holder,
        starts_at=command.starts_at,
        ends_at=command.ends_at,
        reason=command.reason,
        roles=command.roles,
    )
    check_delegation(given, approvers.delegations_of(tx, [giver.user_id], unit_id))
    approvers.add_delegation(tx, given)
    told = ApprovalDelegated(
        stream=Ref("delegation", given.id),
        refs=(*_people(given), Ref(events.UNIT_REF, unit_id)),
        reason=command.reason,
        from_user=giver.user_id,
        to_user=standing_in.holder.user_id,
        roles=tuple(sorted(command.roles)),
        starts_at=command.starts_at,
        ends_at=command.ends_at,
    )
    events.append(tx, [told])
    return given


def end_delegation(tx: Tx, delegation_id: UUID) -> None:
    """Take a delegation back as of now; only its giver may. Raises NotFound, NotAuthorised."""
    given = approvers.delegation(tx, delegation_id)
    if _acting_person(tx).person_key != given.giver.person_key:
        raise NotAuthorised(permission=Permission.APPROVAL_DECIDE.value, person="only the giver takes a delegation back")
    approvers.end_delegation(tx, delegation_id)
    told = DelegationEnded(
        stream=Ref("delegation", given.id),
        refs=_people(given),
        from_user=given.giver.user_id,
        to_user=given.delegate.user_id,
    )
    events.append(tx, [told])


def _people(given: Delegation) -> tuple[Ref, ...]:
    return (Ref("user", given.giver.user_id), Ref("user", given.delegate.user_id))


def _acting_person(tx: Tx) -> Holder:
    tx.actor.require(Permission.APPROVAL_DECIDE)
    if tx.actor.id is None or tx.actor.person_key is None:
        raise NotAuthorised(permission=Permission.APPROVAL_DECIDE.value, person="only a person can delegate")
    return Holder(UserId(tx.actor.id), tx.actor.person_key)


def _only_unit(tx: Tx) -> BusinessUnitId:
    if len(tx.actor.business_units) != 1:
        raise InvalidInput(field="business_unit_id", reason="name the business unit this delegation is for")
    return BusinessUnitId(next(iter(tx.actor.business_units)))
