"""Applications and browsers for the tests of pages."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from purveyor.settings import Settings
from tests.web.browser import ARGUMENTS, chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """An installed Chromium; never a downloaded one. One per file: its event loop would keep the workers' tests from running."""
    path = chromium()
    if path is None:
        if os.environ.get("PURVEYOR_NO_SKIP"):
            pytest.fail("no Chromium is installed, and nothing may be skipped here")
        pytest.skip("no Chromium is installed (package chromium)")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield started
        started.close()


@pytest.fixture
def web_settings(tmp_path: Path) -> Settings:
    """Settings of an installation on the loopback address, with its own secret key; a password is enough to sign in."""
    return Settings(data_dir=tmp_path, second_factor_roles="")
