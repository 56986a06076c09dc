"""Canonical JSON: the same bytes as RFC 8785 asks for, decimals and ids as strings, and no binary float ever."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Any
from uuid import UUID

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from purveyor.core.canonical import canonical_json, digest, to_json

plain = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(st.characters(codec="utf-8"))
documents = st.recursive(
    plain,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4),
    max_leaves=20,
)


class Colour(StrEnum):
    RED = "red"


class Rank(IntEnum):
    FIRST = 1


class Name(str):
    """A text of its own class."""

    __slots__ = ()


@dataclass(frozen=True)
class Thing:
    name: str
    amount: Decimal


@given(documents)
def test_the_bytes_are_those_of_the_reference(document: Any) -> None:
    assert canonical_json(document) == rfc8785.dumps(document)


def test_keys_beyond_the_basic_plane_stand_in_utf16_order() -> None:
    keys = {"\ufb33": 1, "\U0001f600": 2, "a": 3}

    assert canonical_json(keys) == rfc8785.dumps(keys)
    assert canonical_json(keys).decode().index("\U0001f600") < canonical_json(keys).decode().index("\ufb33")


def test_a_list_beyond_the_basic_plane_keeps_its_order() -> None:
    value = {"\U0001f600": ["b", {"z": 1, "a": None}, "a"]}

    assert canonical_json(value).decode() == '{"\U0001f600":["b",{"a":null,"z":1},"a"]}'


def test_business_values_are_written_as_strings() -> None:
    unit = UUID(int=7)
    value = {
        "amount": Decimal("10.50"),
        "nothing": Decimal("-0"),
        "day": date(2026, 3, 9),
        "at": datetime(2026, 3, 9, 8, tzinfo=UTC),
        unit: [Colour.RED, Rank.FIRST, Name("Ida"), True],
        "set": {"b", "a"},
        "thing": Thing("pump", Decimal(1)),
        "read only": MappingProxyType({"x": (1, 2)}),
        "row": range(2),
    }

    assert to_json(value) == {
        "amount": "10.5",
        "nothing": "0",
        "day": "2026-03-09",
        "at": "2026-03-09T08:00:00+00:00",
        str(unit): ["red", 1, "Ida", True],
        "set": ["a", "b"],
        "thing": {"name": "pump", "amount": "1"},
        "read only": {"x": [1, 2]},
        "row": [0, 1],
    }


@pytest.mark.parametrize("wrong", [1.5, object(), Thing, {"x": 0.1}])
def test_floats_and_unknown_things_have_no_canonical_form(wrong: object) -> None:
    with pytest.raises(TypeError):
        to_json(wrong)


def test_the_digest_does_not_depend_on_the_order_of_keys() -> None:
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
