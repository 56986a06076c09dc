"""Pages from Jinja templates: one environment per language, whole pages or one named block of the same template.

Macros see the viewer and the time without being handed them, because `ui` is made for each page; a block can therefore
be drawn alone when htmx asks for the element of the same name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, pass_context
from jinja2.runtime import Context
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from purveyor.core.money import Money
from purveyor.core.quantity import Quantity
from purveyor.web import formats, words
from purveyor.web.i18n import translations
from purveyor.web.listing import Column
from purveyor.web.navigation import Bar, NavItem
from purveyor.web.viewer import Viewer

HERE: Final = Path(__file__).parent
STATIC: Final = HERE / "static"
MACROS: Final = "components/ui.html"


class Pages:
    """Draws the pages of one application: knows its header links and its bar."""

    def __init__(self, navigation: tuple[NavItem, ...] = (), bar: Bar | None = None, extra: tuple[Path, ...] = ()) -> None:
        self._navigation = navigation
        self._bar = bar
        self._folders = (HERE, *extra)
        self._environments: dict[str, Environment] = {}

    def draw(self, request: Request, template: str, block: str | None, context: Mapping[str, Any]) -> str:
        """Return the text of a page, or of one of its blocks."""
        viewer: Viewer = request.state.viewer
        environment = self._environment(viewer.locale)
        shown = {**self._surroundings(request, viewer), **context}
        # The macros are made anew for each page, so that they know its viewer and its time.
        shown["ui"] = environment.get_template(MACROS).make_module(shown)
        source = environment.get_template(template)
        return source.render(shown) if block is None else "".join(source.blocks[block](source.new_context(shown)))

    def blocks(self, template: str) -> frozenset[str]:
        """Return the names of the blocks of a template."""
        return frozenset(self._template(template).blocks)

    def _template(self, template: str) -> Template:
        return self._environment("en").get_template(template)

    def _environment(self, locale: str) -> Environment:
        if locale not in self._environments:
            self._environments[locale] = environment_for(locale, self._folders)
        return self._environments[locale]

    def _surroundings(self, request: Request, viewer: Viewer) -> dict[str, Any]:
        allowed = [item for item in self._navigation if item.permission is None or viewer.may(item.permission)]
        return {
            "viewer": viewer,
            "path": request.url.path,
            "navigation": allowed if viewer.actor is not None else [],
            "bar": self._bar.template if self._bar else None,
            **(self._bar.context(request) if self._bar else {}),
            "flash": request.state.flash,
        }


def page(
    request: Request,
    template: str,
    *,
    now: datetime | None = None,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **context: Any,
) -> HTMLResponse:
    """Answer with a page; when htmx wants the element ``orders-table``, with the block ``orders_table`` alone.

    ``now`` is business time; a page that shows ages must give it. Everything else is for the template.
    """
    pages: Pages = request.app.state.pages
    if now is not None:
        context["now"] = now
    block = wanted_block(request)
    known = block if block in pages.blocks(template) else None
    text = pages.draw(request, template, known, context)
    return HTMLResponse(text, status, {**(headers or {}), "Vary": "HX-Request, HX-Target, Cookie"})


def wanted_block(request: Request) -> str | None:
    """Return the block that an htmx request wants to swap, named like its target element."""
    target = request.headers.get("HX-Target", "")
    if request.headers.get("HX-Request") != "true" or "#" not in target:
        return None
    return target.partition("#")[2].replace("-", "_")


def environment_for(locale: str, folders: tuple[Path, ...] = (HERE,)) -> Environment:
    """Return the Jinja environment of one language: escaping always, unknown names are errors."""
    environment = Environment(
        loader=FileSystemLoader(folders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    catalogue = translations(locale)
    # The i18n extension adds this function to the environment itself, so its type does not know it.
    vars(environment)["install_gettext_callables"](catalogue.ugettext, catalogue.ungettext, newstyle=True)
    environment.globals.update(static=static_address, column=Column, words=words)
    environment.filters.update(
        money=_money,
        unit_price=_unit_price,
        number=_number,
        quantity=_quantity,
        percent=_percent,
        date=_date,
        datetime=_datetime,
        age=_age,
    )
    return environment


@cache
def static_address(name: str) -> str:
    """Return the address of a static file with its hash, so that browsers may keep it for a year."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


def _viewer(context: Context) -> Viewer:
    viewer: Viewer = context["viewer"]
    return viewer


@pass_context
def _money(context: Context, value: Money | Decimal, currency: str | None = None) -> str:
    return formats.money_text(value, currency, locale=_viewer(context).locale)


@pass_context
def _unit_price(context: Context, value: Money | Decimal, currency: str | None = None) -> str:
    return formats.unit_price_text(value, currency, locale=_viewer(context).locale)


@pass_context
def _number(context: Context, value: Decimal | int) -> str:
    return formats.number_text(value, locale=_viewer(context).locale)


@pass_context
def _quantity(context: Context, value: Quantity | Decimal | int, uom: str | None = None) -> str:
    return formats.quantity_text(value, uom, locale=_viewer(context).locale)


@pass_context
def _percent(context: Context, value: Decimal) -> str:
    return formats.percent_text(value, locale=_viewer(context).locale)


@pass_context
def _date(context: Context, value: date) -> Markup:
    text = formats.date_text(value, locale=_viewer(context).locale)
    return Markup('<time datetime="{}">{}</time>').format(value.isoformat(), text)


@pass_context
def _datetime(context: Context, value: datetime) -> Markup:
    viewer = _viewer(context)
    text = formats.moment_text(value, time_zone=viewer.time_zone, locale=viewer.locale)
    return Markup('<time datetime="{}">{}</time>').format(formats.machine_text(value), text)


@pass_context
def _age(context: Context, value: datetime) -> Markup:
    viewer = _viewer(context)
    exact = formats.moment_text(value, time_zone=viewer.time_zone, locale=viewer.locale)
    span = formats.span_text(context["now"] - value)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(formats.machine_text(value), exact, span)
