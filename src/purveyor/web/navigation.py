"""Parts: each area of the web interface says what it adds to the application.

The list of parts in `main` is the only place that knows them all; header links are data here, not markup.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request

from purveyor.core.access import Permission


@dataclass(frozen=True, slots=True)
class NavItem:
    """One link of the header, shown to people who hold the permission; ``label`` is marked with marked."""

    label: str
    href: str
    icon: str
    permission: Permission | None = None


@dataclass(frozen=True, slots=True)
class Bar:
    """A strip above every page, drawn by a template from what ``context`` says about the request."""

    template: str
    context: Callable[[Request], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Part:
    """What one area adds: routes, header links, perhaps a bar and a folder of templates outside this package."""

    name: str
    routers: tuple[APIRouter, ...]
    navigation: tuple[NavItem, ...] = ()
    bar: Bar | None = None
    templates: Path | None = None
