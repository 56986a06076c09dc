"""The pages of docs/reference say what the code says."""

from __future__ import annotations

import pytest
from tools.make_reference import PAGES, REFERENCE


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_up_to_date(name: str) -> None:
    assert (REFERENCE / name).read_text("utf-8") == PAGES[name](), "run `python -m tools.make_reference` and commit the pages"
