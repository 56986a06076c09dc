"""Codes of a generator (TOTP, RFC 6238): sealed secrets, the picture to scan, and whether a code is right, early or late.

A secret is sealed with the installation's key and bound to its person, so that one copied to another row opens nothing.
"""

from __future__ import annotations

import os
from datetime import datetime
from typing import Final
from uuid import UUID

import pyotp
import segno
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SECONDS: Final = 30
DRIFT: Final = (0, -1, 1)
"""A clock may be one step off; the code of now is looked at first."""
NONCE_BYTES: Final = 12
ISSUER: Final = "Purveyor"


def new_secret() -> str:
    """Return a fresh secret of 160 bits in base 32."""
    return pyotp.random_base32()


def seal(key: bytes, user_id: UUID, secret: str) -> bytes:
    """Encrypt a secret for one person."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, secret.encode(), user_id.bytes)


def unseal(key: bytes, user_id: UUID, sealed: bytes) -> str | None:
    """Return the secret that was sealed for this person with this key, None for anything else."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], user_id.bytes).decode()
    except (InvalidTag, ValueError):
        return None


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """Return the time step a code belongs to, None when it is no code of now, of just before or just after."""
    digits = code.replace(" ", "")
    present = int(now.timestamp()) // SECONDS
    generator = pyotp.TOTP(secret, interval=SECONDS)
    steps = (present + drift for drift in DRIFT)
    return next((step for step in steps if pyotp.utils.strings_equal(generator.generate_otp(step), digits)), None)


def picture(secret: str, login: str) -> str:
    """Return the picture that a generator scans, as an address to show as an image."""
    address = pyotp.TOTP(secret, interval=SECONDS).provisioning_uri(name=login, issuer_name=ISSUER)
    return segno.make(address, error="m").svg_data_uri(scale=5, border=3, light="#fff")
