"""Texts in the reader's language.

Catalogues are kept as `locale/<locale>/messages.po` and compiled in memory at start, so that no build step is needed.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

DEFAULT_LOCALE: Final = "en"
CATALOGUES: Final = Path(__file__).parent / "locale"


def marked(text: str) -> str:
    """Mark a text for the catalogue without translating it here; templates translate it when they show it."""
    return text


@cache
def translations(locale: str) -> Translations:
    """Return the catalogue of a locale; texts that are not translated stay English."""
    source = CATALOGUES / locale / "messages.po"
    if not source.is_file():
        return Translations()
    compiled = io.BytesIO()
    with source.open("rb") as lines:
        write_mo(compiled, read_po(lines, locale=locale))
    compiled.seek(0)
    return Translations(compiled)


def gettext(locale: str) -> Callable[[str], str]:
    """Return the translating function of a locale, to be called `_` where it is used."""
    return translations(locale).ugettext


def locales() -> tuple[str, ...]:
    """Return the locales that have a catalogue."""
    return tuple(sorted(path.parent.name for path in CATALOGUES.glob("*/messages.po")))
