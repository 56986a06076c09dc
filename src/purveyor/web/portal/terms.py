"""Words for suppliers: what they said, and where a line stands, seen from their side."""

from __future__ import annotations

from typing import Final

from purveyor.core.acknowledge import LineState, Outcome
from purveyor.store.views.supplier_view import LineStanding
from purveyor.web.i18n import marked
from purveyor.web.words import Word

OUTCOME: Final[dict[Outcome, str]] = {
    Outcome.ACCEPT: marked("Accepted"),
    Outcome.CHANGE: marked("Change proposed"),
    Outcome.BACKORDER: marked("Not available now"),
    Outcome.REJECT: marked("Rejected"),
    Outcome.SUBSTITUTE: marked("Substitute offered"),
    Outcome.HOLD: marked("On hold"),
    Outcome.PENDING: marked("To be answered later"),
}
STATE: Final[dict[LineState, Word]] = {
    LineState.UNANSWERED: Word(marked("Please answer"), "wait", "hourglass"),
    LineState.PARTLY_ANSWERED: Word(marked("Partly answered"), "wait", "circle-dashed"),
    LineState.ACCEPTED: Word(marked("Accepted"), "good", "check"),
    LineState.ANSWERED_WITH_DIFFERENCES: Word(marked("Answered with differences"), "info", "scale"),
    LineState.REJECTED: Word(marked("Rejected"), "bad", "x"),
    LineState.CANCELLED: Word(marked("Cancelled, please do not ship"), "bad", "ban"),
}
WITH_BUYER: Final = Word(marked("Answered, the buyer decides"), "info", "hourglass")


def state_of(standing: LineStanding) -> Word:
    """Return how a line reads to its supplier."""
    if not standing.waits_for_supplier and (standing.balance.proposed or standing.balance.proposed_over):
        return WITH_BUYER
    return STATE[standing.state]
