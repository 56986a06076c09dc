"""The lifecycle of an order: one table that drives commands, buttons, the API, the diagram and conformance checks.

Status is decided by commands; progress (shipped, received, invoiced, overdue) is derived from movements elsewhere.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from purveyor.core.errors import IllegalTransition, PurveyorError


class Status(StrEnum):
    """Where an order stands."""

    DRAFT = "draft"
    PENDING_APPROVAL = "pending_approval"
    APPROVED = "approved"
    ISSUED = "issued"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class Verb(StrEnum):
    """What can be done to an order; buttons carry these words."""

    SUBMIT = "submit"
    APPROVE = "approve"
    REJECT = "reject"
    RETURN = "return"
    EDIT = "edit"
    RELEASE = "release"
    ANSWER = "answer"
    CHANGE_APPLIED = "change_applied"
    CLOSE = "close"
    CANCEL = "cancel"


OPEN: Final = (Status.DRAFT, Status.PENDING_APPROVAL, Status.APPROVED, Status.ISSUED, Status.ACKNOWLEDGED)
ENDED: Final = (Status.CLOSED, Status.CANCELLED)
WITH_SUPPLIER: Final = (Status.ISSUED, Status.ACKNOWLEDGED)

TRANSITIONS: Final[dict[tuple[Status, Verb], tuple[Status, ...]]] = {
    (Status.DRAFT, Verb.SUBMIT): (Status.PENDING_APPROVAL, Status.APPROVED),
    (Status.DRAFT, Verb.EDIT): (Status.DRAFT,),
    (Status.PENDING_APPROVAL, Verb.APPROVE): (Status.PENDING_APPROVAL, Status.APPROVED),
    (Status.PENDING_APPROVAL, Verb.REJECT): (Status.DRAFT,),
    (Status.PENDING_APPROVAL, Verb.RETURN): (Status.DRAFT,),
    (Status.PENDING_APPROVAL, Verb.EDIT): (Status.DRAFT,),
    (Status.APPROVED, Verb.RETURN): (Status.DRAFT,),
    (Status.APPROVED, Verb.REJECT): (Status.DRAFT,),
    (Status.APPROVED, Verb.EDIT): (Status.DRAFT,),
    (Status.APPROVED, Verb.RELEASE): (Status.ISSUED,),
    (Status.ISSUED, Verb.ANSWER): (Status.ISSUED, Status.ACKNOWLEDGED),
    (Status.ACKNOWLEDGED, Verb.ANSWER): (Status.ISSUED, Status.ACKNOWLEDGED),
    (Status.ISSUED, Verb.CHANGE_APPLIED): (Status.ISSUED,),
    (Status.ACKNOWLEDGED, Verb.CHANGE_APPLIED): (Status.ISSUED, Status.ACKNOWLEDGED),
    (Status.ISSUED, Verb.CLOSE): (Status.CLOSED,),
    (Status.ACKNOWLEDGED, Verb.CLOSE): (Status.CLOSED,),
    **{(status, Verb.CANCEL): (Status.CANCELLED,) for status in OPEN},
}
"""(status, verb) -> the statuses it may lead to. Everything that is not here is refused.

An edit of a draft stays a draft; one of several approvals leaves the order pending; an answer that leaves quantity open keeps it
issued, and a change that touches no answered line keeps it acknowledged.
"""


class OrderOnHold(PurveyorError):
    """The order is on hold; release the hold first, its owner and reason are named."""

    code = "order_on_hold"


def allowed_verbs(status: Status) -> tuple[Verb, ...]:
    """Return the verbs that may be used in a status, in table order."""
    return tuple(verb for (source, verb) in TRANSITIONS if source is status)


def next_status(status: Status, verb: Verb, to: Status) -> Status:
    """Return ``to`` when the table allows it; raise IllegalTransition naming the verbs that are allowed instead."""
    if to not in TRANSITIONS.get((status, verb), ()):
        raise IllegalTransition(status=status.value, verb=verb.value, allowed=", ".join(allowed_verbs(status)))
    return to
