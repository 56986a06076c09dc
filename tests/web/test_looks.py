"""Every component in a real browser: phone and desk, light and dark."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from purveyor.settings import Settings
from tests.web.browser import THEMES, WIDTHS, look_at, served
from tests.web.gallery import gallery_app

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("path", ["/gallery", "/sign-in", "/nowhere"])
def test_pages_read_well_for_everybody(browser: Browser, web_settings: Settings, path: str, width: str, theme: str) -> None:
    with served(gallery_app(web_settings)) as address:
        look = look_at(browser, address + path, path.strip("/"), width=width, theme=theme)

    if path == "/nowhere":
        look.complaints.clear()  # the browser itself reports the 404 that was asked for
    look.assert_good()
