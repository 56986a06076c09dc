"""A reason that nobody can see is no reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from purveyor.core.writing import written

INVISIBLE = [
    "",
    " ",
    "\t\r\n",
    "\u200b",
    "\u200b \u2060\ufeff",
    "\u00a0\u2003\u3000",
    "\u00ad",
    "\u2800",
    "\u3164",
    "\u034f\ufe0f",
    "\u202e",
]


@pytest.mark.parametrize("text", INVISIBLE)
def test_what_cannot_be_seen_is_empty(text: str) -> None:
    assert written(text) == ""


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        *(
            (" late again\n", "late again"),
            ("\u200bno\u200b", "no"),
            ("a\u200db", "a\u200db"),
            ("é", "é"),
            ("e\u0301 ", "e\u0301"),
        ),
        *(("-", "-"), ("7", "7"), ("遅い", "遅い"), ("\u26a0\ufe0f\u200b", "\u26a0\ufe0f")),
    ],
)
def test_what_can_be_seen_is_kept_without_its_blank_ends(text: str, kept: str) -> None:
    assert written(text) == kept


@given(st.text())
def test_what_is_kept_is_part_of_the_text_and_stays_when_asked_again(text: str) -> None:
    assert written(text) in text
    assert written(written(text)) == written(text)
