"""The worked cases of the design folder beside the checkout, read with decimals as strings.

Tests are generated from them, one per case id; where the folder is absent they are skipped and say so.
"""

from __future__ import annotations

from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import yaml

WORKED_CASES = Path(__file__).resolve().parents[2] / "shared" / "design" / "worked-cases.yaml"

needs_worked_cases = pytest.mark.skipif(
    not WORKED_CASES.is_file(), reason="worked-cases.yaml not found at ../shared/design beside the checkout"
)


@lru_cache(maxsize=1)
def _all_sets() -> dict[str, Any]:
    """The whole file; reading it takes seconds, so it is read once a process."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return dict(yaml.load(WORKED_CASES.read_text("utf-8"), Loader=loader))


def worked_set(name: str) -> dict[str, Any]:
    """Return one set of the worked cases, or an empty one when the file is absent."""
    if not WORKED_CASES.is_file():
        return {}
    return deepcopy(dict(_all_sets()[name]))


def worked_cases(name: str, part: str = "cases") -> list[Any]:
    """Return pytest parameters for the cases of a set; each carries the case id as its test id."""
    return [pytest.param(case, id=case["id"]) for case in worked_set(name).get(part, [])]
