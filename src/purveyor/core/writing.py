"""What a person wrote, or whether he wrote anything: a reason of blanks and invisible characters is no reason.

One function for every edge and every rule that asks for a reason, a name or a note, so that all agree on what is empty.
"""

from __future__ import annotations

import unicodedata
from typing import Final

_LOOKS_EMPTY: Final = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Fillers that Unicode counts among letters and symbols although nothing is seen of them."""


def written(text: str) -> str:
    """Return a text without blank and invisible characters at its ends; empty when nothing in it can be seen.

    Inside a text they stay: joiners shape words in several scripts.
    """
    seen = [place for place, character in enumerate(text) if _is_seen(character)]
    if not seen:
        return ""
    last = seen[-1] + 1
    while last < len(text) and unicodedata.category(text[last]).startswith("M"):
        last += 1
    return text[seen[0] : last]


def _is_seen(character: str) -> bool:
    """Marks need a letter to stand on, separators and controls show nothing."""
    return unicodedata.category(character)[0] in "LNPS" and character not in _LOOKS_EMPTY
