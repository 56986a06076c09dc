"""Looking at pages with a real browser: phone and desk, light and dark, without errors, overflow or axe findings.

Tests that use it are marked `browser`; without an installed Chromium they are skipped with that reason.
"""

from __future__ import annotations

import os
import shutil
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, ViewportSize

SCREENSHOTS: Final = Path(__file__).resolve().parents[2] / "build" / "screenshots"
CHROMIUM_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
WCAG: Final = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}}
WIDTHS: Final = {"phone": ViewportSize(width=390, height=844), "desk": ViewportSize(width=1280, height=800)}
THEMES: Final = ("light", "dark")
PATIENCE: Final = 60.0
"""Seconds a test waits for an answer of its own server: long, so that a busy machine fails no test."""


@dataclass(frozen=True)
class Look:
    """What a look at a page found; every list is empty on a good page."""

    screenshot: Path
    complaints: list[str]
    axe: list[str]
    overflow: int

    def assert_good(self) -> None:
        """Fail naming everything that is wrong at once."""
        assert (self.complaints, self.axe, self.overflow) == ([], [], 0), f"{self.screenshot.name}: {self}"


def chromium() -> str | None:
    """Return the path of an installed Chromium, None when there is none."""
    named = os.environ.get("PURVEYOR_CHROMIUM")
    return named or next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """Serve an application on a free loopback port and give its address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()  # at once: a visitor who is faster than the server's thread waits instead of being refused
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(timeout=10)


@contextmanager
def visited(app: FastAPI) -> Iterator[httpx.Client]:
    """Serve an application and give a visitor who keeps cookies and follows no redirect."""
    with (
        served(app) as address,
        httpx.Client(base_url=address, headers={"accept": "text/html"}, trust_env=False, timeout=PATIENCE) as visitor,
    ):
        yield visitor


@contextmanager
def opened(
    browser: Browser, url: str, *, width: str, theme: str, cookies: Mapping[str, str] | None = None, scripts: bool = True
) -> Iterator[Page]:
    """Open a page in a new, empty browser profile; ``theme`` is the system's wish for colours."""
    context = browser.new_context(
        viewport=WIDTHS[width], color_scheme="dark" if theme == "dark" else "light", java_script_enabled=scripts
    )
    try:
        for name, value in (cookies or {}).items():
            context.add_cookies([{"name": name, "value": value, "url": url}])
        page = context.new_page()
        page.goto(url, wait_until="load")
        yield page
    finally:
        context.close()


def look_at(browser: Browser, url: str, name: str, *, width: str, theme: str, cookies: Mapping[str, str] | None = None) -> Look:
    """Open a page, keep a picture of it and report console messages, axe violations and sideways scrolling."""
    (look,) = _looks(browser, url, name, [(width, theme)], cookies)
    return look


def look_around(browser: Browser, url: str, name: str, cookies: Mapping[str, str] | None = None) -> list[Look]:
    """Open a page once and look at it as a phone and a desk show it, light and dark: styles alone answer to both."""
    return _looks(browser, url, name, [(width, theme) for width in WIDTHS for theme in THEMES], cookies)


def _looks(
    browser: Browser, url: str, name: str, ways: Sequence[tuple[str, str]], cookies: Mapping[str, str] | None
) -> list[Look]:
    complaints: list[str] = []
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    looks = []
    with opened(browser, "about:blank", width=ways[0][0], theme=ways[0][1]) as page:
        page.on("console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.context.add_cookies([{"name": key, "value": value, "url": url} for key, value in (cookies or {}).items()])
        page.goto(url, wait_until="load")
        for width, theme in ways:
            page.set_viewport_size(WIDTHS[width])
            # without motion, so that no colour is looked at half-way from one theme to the other
            page.emulate_media(color_scheme="dark" if theme == "dark" else "light", reduced_motion="reduce")
            picture = SCREENSHOTS / f"{name}-{width}-{theme}.png"
            page.screenshot(path=picture, full_page=True)
            overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            found = Axe().run(page, options=WCAG).response["violations"]
            violations = [f"{entry['id']}: {node['html'][:160]}" for entry in found for node in entry["nodes"]]
            looks.append(Look(picture, complaints, violations, overflow))
    return looks
