"""Second factors of people: set up, asked for at sign-in, replaced by a recovery code, removed by those who manage people.

Whether a code is right the caller knows (it holds the key); that it counts once is decided here. Needs system scope.
"""

from __future__ import annotations

import base64
import secrets
from typing import Final

from purveyor.app import people
from purveyor.core.events.account import RecoveryCodeUsed, SecondFactorRemoved, SecondFactorSet, user_stream
from purveyor.core.ids import UserId
from purveyor.store import events, logins, second_factors
from purveyor.store.db import Tx

RECOVERY_CODES: Final = 10
CODE_BYTES: Final = 10


def set_up(tx: Tx, user_id: UserId, sealed: bytes, counter: int) -> tuple[str, ...]:
    """Give a person a second factor whose first code was right; return the recovery codes, which are shown this once."""
    codes = tuple(_recovery_code() for _ in range(RECOVERY_CODES))
    second_factors.save(tx, user_id, sealed, counter, codes)
    events.append(tx, [SecondFactorSet(stream=user_stream(user_id))])
    return codes


def _recovery_code() -> str:
    """Eighty random bits in four groups, so that they can be read and typed."""
    letters = base64.b32encode(secrets.token_bytes(CODE_BYTES)).decode()
    return "-".join(letters[at : at + 4] for at in range(0, len(letters), 4))


def recover(tx: Tx, user_id: UserId, code: str) -> bool:
    """Take a recovery code instead of a code of the generator; each works once."""
    if not second_factors.spend_recovery_code(tx, user_id, code):
        return False
    left = second_factors.recovery_codes_left(tx, user_id)
    events.append(tx, [RecoveryCodeUsed(stream=user_stream(user_id), left=left)])
    return True


def remove(tx: Tx, user_id: UserId) -> None:
    """Take the second factor of somebody away who lost it; he sets up a new one at the next sign-in where roles ask for it.

    Raises NotAuthorised, NotFound, OwnRights.
    """
    people.to_manage(tx, user_id)
    if second_factors.remove(tx, user_id):
        logins.end_sessions_of(tx, user_id)
        events.append(tx, [SecondFactorRemoved(stream=user_stream(user_id))])
