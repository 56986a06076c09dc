"""Which licences may come with Purveyor."""

from __future__ import annotations

import pytest
from tools.check_licences import LOCK, locked_names, objection, objections


def test_every_package_of_the_runtime_may_be_shipped() -> None:
    assert list(objections(locked_names(LOCK.read_text("utf-8")))) == []


@pytest.mark.parametrize(
    "licence", ["MIT", "Apache-2.0 OR BSD-3-Clause", "ISC License (ISCL)", "Mozilla Public License 2.0 (MPL 2.0)"]
)
def test_free_licences_are_allowed_for_everybody(licence: str) -> None:
    assert objection("any", licence) is None


@pytest.mark.parametrize(
    "licence", ["GPL-3.0-or-later", "AGPL-3.0-only", "GNU General Public License v2 (GPLv2)", "LGPL-3.0-only", ""]
)
def test_licences_that_bind_our_code_or_that_nobody_looked_at_are_not(licence: str) -> None:
    assert objection("any", licence) is not None


def test_packages_under_the_lesser_licence_are_allowed_by_name() -> None:
    assert objection("psycopg", "LGPL-3.0-only") is None
