"""Refusals: an action that is not allowed raises one of these, with a stable code.

The docstring of the class is the sentence a person reads. A rule that is not met is never an error: it is a Finding.
"""

from __future__ import annotations

from typing import ClassVar


class PurveyorError(Exception):
    """The action was refused."""

    code: ClassVar[str] = "refused"
    retryable: ClassVar[bool] = False

    def __init__(self, **fields: object) -> None:
        self.fields = fields
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """The sentence for a person: the docstring of the class."""
        return (type(self).__doc__ or PurveyorError.__doc__ or "").strip()

    def __str__(self) -> str:
        details = ", ".join(f"{name}={value}" for name, value in self.fields.items())
        return f"{self.message} ({details})" if details else self.message


class NotFound(PurveyorError):
    """There is nothing here under that name, or it is not yours to see."""

    code = "not_found"


class NotAuthorised(PurveyorError):
    """Your role does not allow this; ask somebody who holds one of the roles named."""

    code = "not_authorised"


class InvalidInput(PurveyorError):
    """Something in what you sent cannot be used; the field and the reason are named."""

    code = "invalid_input"


class StaleVersion(PurveyorError):
    """Somebody changed this after you opened it; look at the difference and decide again."""

    code = "stale_version"


class IllegalTransition(PurveyorError):
    """This cannot be done in the present status; the verbs that are allowed now are named."""

    code = "illegal_transition"


class UnknownReference(PurveyorError):
    """A code in the document is not known here; map it first, then send the document again."""

    code = "unknown_reference"


class ReasonRequired(PurveyorError):
    """This decision goes against a rule: give a reason, it is kept with your name."""

    code = "reason_required"
