"""Collect the texts of pages into the catalogues: `make messages`, or `python -m tools.collect_texts [new locale ...]`.

Catalogues are src/purveyor/web/locale/<locale>/messages.po, sorted and without dates, so that a change shows only texts
that changed. Translations that exist are kept; texts that are gone are dropped.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

WEB: Final = Path(__file__).resolve().parent.parent / "src" / "purveyor" / "web"
INSIGHT: Final = WEB.parent / "insight"
"""Names and definitions of measures stand beside their formulas; pages translate them when they show them."""
LOCALES: Final = WEB / "locale"
METHODS: Final = [("**.py", "python"), ("**.html", "jinja2")]
OPTIONS: Final = {"**.html": {"newstyle_gettext": "true", "silent": "false", "encoding": "utf-8"}}
KEYWORDS: Final = {"_": None, "gettext": None, "ngettext": (1, 2), "marked": None}


def template() -> Catalog:
    """Return every text of the web interface and of the measures, untranslated."""
    found = Catalog(charset="utf-8")
    for folder in (WEB, INSIGHT):
        for _file, _line, message, comments, context in extract_from_dir(folder, METHODS, OPTIONS, keywords=KEYWORDS):
            found.add(message, auto_comments=comments, context=context)
    return found


def updated(locale: str) -> str:
    """Return the catalogue of a locale with today's texts and the translations it already has."""
    path = LOCALES / locale / "messages.po"
    known = read_po(io.BytesIO(path.read_bytes()), locale=locale) if path.exists() else Catalog(locale=locale)
    known.update(template(), no_fuzzy_matching=True)
    written = io.BytesIO()
    write_po(written, known, no_location=True, omit_header=True, sort_output=True, ignore_obsolete=True)
    return written.getvalue().decode()


def main(new: list[str]) -> None:
    """Write every catalogue that exists, and new ones for the locales named."""
    for locale in {path.parent.name for path in LOCALES.glob("*/messages.po")} | set(new):
        path = LOCALES / locale / "messages.po"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(updated(locale), encoding="utf-8")
        print(f"{path}: {len(template())} texts")


if __name__ == "__main__":
    main(sys.argv[1:])
