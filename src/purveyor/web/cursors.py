"""Cursors: where a list goes on, opaque and signed, good for the same reader and the same filters only.

Paging is by keyset: a cursor holds the sort key and id of the last row, never an offset.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Final

from starlette.requests import Request

from purveyor.core.access import Actor
from purveyor.web.refusals import BadCursor

LARGEST_PAGE: Final = 200
_SIGNATURE_BYTES: Final = 16


def list_identity(actor: Actor, path: str, sort: str, filters: Mapping[str, str]) -> str:
    """Return what a cursor is bound to: who reads which list, how sorted, with which filters."""
    chosen = sorted((name, value) for name, value in filters.items() if value)
    return json.dumps([str(actor.id), str(actor.supplier_id), path, sort, chosen])


def seal(request: Request, bound_to: str, position: tuple[str, ...]) -> str:
    """Return the cursor after a row; ``position`` is its sort key and id as text."""
    content = json.dumps(position).encode()
    return base64.urlsafe_b64encode(_sign(request, bound_to, content) + content).decode().rstrip("=")


def unseal(request: Request, bound_to: str, cursor: str | None) -> tuple[str, ...] | None:
    """Return the position in a cursor, None without one; raise BadCursor when it was made for anything else."""
    if cursor is None:
        return None
    try:
        raw = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
    except (ValueError, binascii.Error) as error:
        raise BadCursor from error
    signature, content = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
    if not hmac.compare_digest(signature, _sign(request, bound_to, content)):
        raise BadCursor
    return tuple(str(part) for part in json.loads(content))


def _sign(request: Request, bound_to: str, content: bytes) -> bytes:
    key: bytes = request.app.state.guard.cursor_key
    bound = hashlib.sha256(bound_to.encode()).digest()
    return hmac.digest(key, bound + content, "sha256")[:_SIGNATURE_BYTES]
