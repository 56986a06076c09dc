"""The text an event's hash is taken over: canonical JSON of the whole record, previous hash included.

Written by one template because verifying millions of rows needs it fast; a property test holds it equal to RFC 8785. The
payload and the references are stored as the very characters that were hashed.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from json.encoder import encode_basestring as quoted
from typing import Final, NamedTuple

GENESIS: Final = bytes(32)
"""What stands as previous hash before the first event of a stream."""


class ChainRow(NamedTuple):
    """One event as text: ids and times already written the way they are hashed, ``payload`` and ``refs`` as JSON."""

    stream_type: str
    stream_id: str
    position: int
    id: str
    type: str
    schema: int
    occurred_at: str
    recorded_at: str
    actor_kind: str
    actor_id: str | None
    on_behalf_of: str | None
    source: str
    correlation_id: str
    cause_id: str | None
    reason_digest: str | None
    policy_set: str | None
    business_unit_id: str | None
    refs: str
    payload: str


def moment_text(moment: datetime) -> str:
    """Write a moment in UTC with six digits of microseconds."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def chain_text(row: ChainRow, previous_hash: bytes) -> str:
    """Return the canonical JSON of the record; keys stand in their sorted order."""
    (stream_type, stream_id, position, event_id, kind, schema, occurred_at, recorded_at, actor_kind) = row[:9]
    (actor_id, on_behalf_of, source, correlation_id, cause_id, reason_digest, policy_set, unit, refs, payload) = row[9:]
    return (
        f'{{"actor_id":{_optional(actor_id)},"actor_kind":{quoted(actor_kind)},"business_unit_id":{_optional(unit)},'
        f'"cause_id":{_optional(cause_id)},"correlation_id":"{correlation_id}","id":"{event_id}",'
        f'"occurred_at":"{occurred_at}","on_behalf_of":{_optional(on_behalf_of)},"payload":{payload},'
        f'"policy_set":{_optional(policy_set)},"position":{position},"previous_hash":"{previous_hash.hex()}",'
        f'"reason_digest":{_optional(reason_digest)},"recorded_at":"{recorded_at}","refs":{refs},"schema":{schema},'
        f'"source":{quoted(source)},"stream_id":"{stream_id}","stream_type":{quoted(stream_type)},'
        f'"type":{quoted(kind)}}}'
    )


def chain_hash(row: ChainRow, previous_hash: bytes) -> bytes:
    """Return the SHA-256 that continues the chain after ``previous_hash``."""
    return hashlib.sha256(chain_text(row, previous_hash).encode("utf-8")).digest()


def reason_digest(reason: str, salt: bytes) -> str:
    """Return the digest of a person's words; the salt is erased with them, so nothing can be guessed afterwards."""
    return hashlib.sha256(salt + reason.encode("utf-8")).hexdigest()


def _optional(value: str | None) -> str:
    return "null" if value is None else quoted(value)
