"""The installation's secret key and the keys derived from it, one for each use.

The key is read from the file that the settings name; without one it is made once beside the data, readable by its owner only.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import Final

from purveyor.settings import InvalidSettings, Settings

KEY_BYTES: Final = 32


def secret_key(settings: Settings) -> bytes:
    """Return the installation's secret key; raise InvalidSettings when the file named for it holds too little."""
    path = settings.secret_key_file or settings.data_dir / "secret-key"
    if settings.secret_key_file is None:
        _make_once(path)
    key = path.read_bytes().strip()
    if len(key) < KEY_BYTES:
        raise InvalidSettings(setting="secret_key_file", reason=f"must hold at least {KEY_BYTES} bytes")
    return key


def derived(key: bytes, use: str) -> bytes:
    """Return the key for one use; knowing it says nothing about the others."""
    return hmac.digest(key, use.encode(), hashlib.sha256)


def _make_once(path: Path) -> None:
    """Create the key unless it is there; whoever comes second, even at the same moment, keeps the first one's."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(secrets.token_hex(KEY_BYTES).encode())
    try:
        os.link(unfinished, path)
    except FileExistsError:
        return
    finally:
        unfinished.unlink()
