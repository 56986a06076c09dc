"""Refusals that only make sense at the HTTP edge; `problems` gives each its status."""

from __future__ import annotations

from typing import ClassVar

from purveyor.core.errors import PurveyorError


class NotSignedIn(PurveyorError):
    """Sign in first; your last sign-in has ended or there was none."""

    code = "not_signed_in"


class KeyRefused(PurveyorError):
    """This needs an API key that is in force, sent as a bearer token."""

    code = "key_refused"


class SignInRefused(PurveyorError):
    """Name and password do not fit together."""

    code = "sign_in_refused"


class StepUpNeeded(PurveyorError):
    """Show once more that it is you: enter a code of your second factor, then do it again."""

    code = "step_up_needed"


class TooManyTries(PurveyorError):
    """Too many tries in a short time; wait, then try again."""

    code = "too_many_tries"
    retryable: ClassVar[bool] = True


class ForeignOrigin(PurveyorError):
    """This request came from another site's page and was not carried out."""

    code = "foreign_origin"


class FormExpired(PurveyorError):
    """This form is no longer valid because you signed in or out since you opened it; open the page again."""

    code = "form_expired"


class MalformedBody(PurveyorError):
    """The body cannot be read as what its content type says; nothing was done."""

    code = "malformed_body"


class BodyTooLarge(PurveyorError):
    """The body is larger than this accepts; send less, or several parts."""

    code = "body_too_large"


class MethodNotAllowed(PurveyorError):
    """This address does not take that method."""

    code = "method_not_allowed"


class KeyRequired(PurveyorError):
    """Every POST needs an Idempotency-Key header, so that a repeat has no second effect."""

    code = "idempotency_key_required"


class VersionRequired(PurveyorError):
    """Send the version you saw as If-Match, so that nobody's change is overwritten."""

    code = "version_required"


class BadCursor(PurveyorError):
    """This cursor was not given out for this list and these filters; start from the first page."""

    code = "bad_cursor"


class UnknownParameter(PurveyorError):
    """The address has a parameter this operation does not know; nothing was left out silently. Correct its name or drop it."""

    code = "unknown_parameter"


class InternalFault(PurveyorError):
    """Purveyor made a mistake; nothing was done. Give the number shown here to whoever runs it, the log says why."""

    code = "internal_fault"
