"""The last line of defence for secrets in the log: values of secret files, telling names and telling shapes are blacked out.

Code does not log secrets in the first place; this is for the text of exceptions and of other people's libraries.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from purveyor.settings import Settings

HIDDEN: Final = "[hidden]"
LEAST_LENGTH: Final = 6
"""Shorter values are not looked for: they would black out ordinary words."""

_NAMES: Final = re.compile(r"(?i)pass(word|wd|phrase)?$|secret|token|api_?key|authorization|cookie|credential")
_SHAPES: Final = (
    (re.compile(r"(://[^/\s:@]*):[^/\s@]+@"), rf"\1:{HIDDEN}@"),
    (re.compile(r"(?i)\b(bearer|basic|session)\s+[\w.~+/=:-]{6,}"), rf"\1 {HIDDEN}"),
    (re.compile(r"(?i)\b(password|passwd|secret|token|api_?key)(\"?'?\s*[=:]\s*\"?'?)[^\s\"',;&)]+"), rf"\1\2{HIDDEN}"),
    (re.compile(r"/s/[\w-]{16,}"), f"/s/{HIDDEN}"),
)


class Redactor:
    """A step of the log that blacks out secrets in every value of a line, however deep it stands."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        values = sorted({value for value in known if len(value) >= LEAST_LENGTH}, key=len, reverse=True)
        self._known = re.compile("|".join(re.escape(value) for value in values)) if values else None

    def __call__(self, logger: object, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """Return the line without secrets (the signature is the log library's)."""
        for name, value in event.items():
            event[name] = HIDDEN if _NAMES.search(name) and value is not None else self._clean(value)
        return event

    def text(self, text: str) -> str:
        """Return a text without secrets."""
        if self._known is not None:
            text = self._known.sub(HIDDEN, text)
        for shape, instead in _SHAPES:
            text = shape.sub(instead, text)
        return text

    def _clean(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {name: HIDDEN if _NAMES.search(str(name)) else self._clean(inner) for name, inner in value.items()}
        if isinstance(value, (list, tuple, set, frozenset)):
            return [self._clean(inner) for inner in value]
        if value is None or isinstance(value, (bool, int, float)):
            return value
        return self.text(str(value))


def known_secrets(settings: Settings) -> Iterator[str]:
    """Yield the secrets that this installation reads from files, as far as they can be read."""
    for address in (settings.database_url, settings.database_owner_url):
        password = urlsplit(address).password if address else None
        if password:
            yield password
            yield unquote(password)
    with suppress(OSError, ValueError):
        if settings.master_key_file is not None:
            yield from settings.master_key_file.read_text("ascii").split()[1::2]
    files = [settings.secret_key_file, settings.smtp_password_file, settings.metrics_token_file, *connection_files(settings)]
    for file in files:
        if file is not None:
            with suppress(OSError, ValueError):
                yield file.read_text("utf-8").strip()


def connection_files(settings: Settings) -> list[Path]:
    """Return the secret files that the connections file names; none when it cannot be read."""
    with suppress(OSError, ValueError):
        if settings.connections_file is not None:
            return list(_files_in(tomllib.loads(settings.connections_file.read_text("utf-8"))))
    return []


def _files_in(connections: Mapping[str, Any]) -> Iterator[Path]:
    for name, value in connections.items():
        if isinstance(value, Mapping):
            yield from _files_in(value)
        elif name.endswith("_file"):
            yield Path(str(value))
    folder = connections.get("supplier_secrets", {}).get("folder")
    if folder:
        yield from Path(str(folder)).glob("*.secret")
