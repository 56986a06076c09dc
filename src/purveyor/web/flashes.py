"""One sentence carried from a form to the page that follows it, in a signed cookie that is read once."""

from __future__ import annotations

import base64
import hmac
import json
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

COOKIE: Final = "flash"
LONGEST: Final = 600


@dataclass(frozen=True, slots=True)
class Flash:
    """What was just done; tones: info, good, warn, bad."""

    text: str
    tone: str


def read_flash(request: Request, key: bytes) -> Flash | None:
    """Return the sentence the last form left, None when there is none or it is not ours."""
    content, _, signature = request.cookies.get(COOKIE, "").partition(".")
    if not content or not hmac.compare_digest(signature.encode(), _sign(content, key).encode()):
        return None
    text, tone = json.loads(base64.urlsafe_b64decode(content))
    return Flash(text, tone)


def go_to(request: Request, address: str, text: str | None = None, tone: str = "good") -> Response:
    """Answer a form by going to a page of ours, which then says ``text``."""
    response = RedirectResponse(address, 303)
    if text is not None:
        leave_flash(request, response, text, tone)
    return response


def leave_flash(request: Request, response: Response, text: str, tone: str) -> None:
    """Leave a sentence for the next page, whatever that is."""
    guard = request.app.state.guard
    content = base64.urlsafe_b64encode(json.dumps([text[:LONGEST], tone]).encode()).decode()
    guard.set_cookie(response, COOKIE, f"{content}.{_sign(content, guard.flash_key)}", max_age=60)


def _sign(content: str, key: bytes) -> str:
    return hmac.digest(key, content.encode(), "sha256").hex()
