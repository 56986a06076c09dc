"""Colours people can read: WCAG 2.2 AA contrast of every pair of tokens that stand on one another, in both themes."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from purveyor.web.templating import STATIC
from purveyor.web.words import TONES

TOKEN = re.compile(r"--pv-([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);")
COLOURS = {name: (light, dark) for name, light, dark in TOKEN.findall((STATIC / "tokens.css").read_text(encoding="utf-8"))}
GROUNDS = ("page", "surface", "sunken")
TEXT_PAIRS = [
    *((ink, ground) for ink in ("text", "muted", "link") for ground in GROUNDS),
    *((tone, ground) for tone in TONES for ground in (f"{tone}-soft", "page", "surface")),
    *(("text", f"{tone}-soft") for tone in TONES),
    *(("link", f"{tone}-soft") for tone in TONES),
    ("on-primary", "primary"),
    ("on-primary", "primary-strong"),
    ("danger", "surface"),
    ("on-danger", "danger"),
]
SHAPE_PAIRS = [(mark, ground) for mark in ("edge", "focus", "primary") for ground in GROUNDS]


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), TEXT_PAIRS)
def test_text_stands_out_from_its_ground(ink: str, ground: str, theme: int) -> None:
    assert contrast(COLOURS[ink][theme], COLOURS[ground][theme]) >= Decimal("4.5")


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("mark", "ground"), SHAPE_PAIRS)
def test_edges_of_fields_and_the_focus_ring_can_be_seen(mark: str, ground: str, theme: int) -> None:
    assert contrast(COLOURS[mark][theme], COLOURS[ground][theme]) >= 3


def contrast(first: str, second: str) -> Decimal:
    """The contrast ratio of WCAG 2.2 between two colours written #rrggbb."""
    darker, lighter = sorted((luminance(first), luminance(second)))
    return (lighter + Decimal("0.05")) / (darker + Decimal("0.05"))


def luminance(colour: str) -> Decimal:
    """The relative luminance of WCAG 2.2."""
    red, green, blue = (_linear(Decimal(int(colour[at : at + 2], 16)) / 255) for at in (1, 3, 5))
    return Decimal("0.2126") * red + Decimal("0.7152") * green + Decimal("0.0722") * blue


def _linear(share: Decimal) -> Decimal:
    if share <= Decimal("0.04045"):
        return share / Decimal("12.92")
    return ((share + Decimal("0.055")) / Decimal("1.055")) ** Decimal("2.4")
