"""Figures for a collector (Prometheus text format), for holders of a token only; without a token file there are none.

Jobs, interfaces and feeds are read from the database when somebody asks, so any web process tells them for the whole
installation. Durations of requests are counted in this process: the collector adds up the processes.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from time import perf_counter
from typing import Final

from fastapi import APIRouter
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from purveyor.core.access import SYSTEM
from purveyor.core.errors import NotFound, PurveyorError
from purveyor.settings import InvalidSettings, Settings
from purveyor.store import feeds
from purveyor.store.condition import condition, open_documents, traffic
from purveyor.store.db import Database, Tx
from purveyor.web.navigation import Part
from purveyor.web.refusals import KeyRefused

LEAST_TOKEN: Final = 16
ROUTE_CLASSES: Final = {
    "/v1/": "api",
    "/s/": "supplier_page",
    "/static/": "static",
    "/livez": "health",
    "/readyz": "health",
    "/metrics": "health",
}
"""How requests are sorted, by the beginning of their address; all others are pages."""
BUCKETS: Final = (0.01, 0.025, 0.05, 0.1, 0.15, 0.3, 0.8, 2, 5, 15)

router = APIRouter(include_in_schema=False)


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """Tell the figures to a collector with the token; for everybody else there is nothing at this address."""
    figures: Figures = request.app.state.figures
    if figures.token is None:
        raise NotFound
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secrets.compare_digest(given.strip().encode(), figures.token):
        raise KeyRefused
    return Response(figures.text(), media_type=CONTENT_TYPE_LATEST)


class Figures:
    """The figures of one process, and the token that opens them."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.token = None if settings.metrics_token_file is None else _token(settings.metrics_token_file)
        self._registry = CollectorRegistry()
        self._registry.register(Installation(database, timedelta(seconds=int(settings.stalled_seconds))))
        self.seconds = Histogram(
            "purveyor_http_request_seconds",
            "How long requests took in this process.",
            ("route_class", "method", "status"),
            buckets=BUCKETS,
            registry=self._registry,
        )

    def text(self) -> bytes:
        """Return everything in the text format."""
        return generate_latest(self._registry)


class Installation(Collector):
    """Reads the figures of the whole installation from its database, once for each scrape."""

    def __init__(self, database: Database, stalled: timedelta) -> None:
        self._database = database
        self._stalled = stalled

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Name nothing beforehand: registering must not need a database."""
        yield from ()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the figures; a database that is away is one of them."""
        found: list[GaugeMetricFamily] = []
        try:
            with self._database.read(SYSTEM, source="metrics") as tx:
                found = [*self._jobs(tx), *_interfaces(tx), *_feeds(tx)]
        except PurveyorError as error:
            if not error.retryable:
                raise
        yield GaugeMetricFamily("purveyor_database_up", "Whether the database answered this scrape.", bool(found))
        yield from found

    def _jobs(self, tx: Tx) -> Iterator[GaugeMetricFamily]:
        now = condition(tx, self._stalled)
        jobs = GaugeMetricFamily("purveyor_jobs", "Background jobs by state.", labels=["state"])
        for state, number in (
            ("waiting", now.waiting),
            ("running", now.running),
            ("stalled", now.stalled),
            ("failed", now.failed),
        ):
            jobs.add_metric([state], number)
        yield jobs
        oldest = "How long the oldest job that could run waits for a worker."
        yield GaugeMetricFamily("purveyor_oldest_job_seconds", oldest, now.oldest.total_seconds())
        yield GaugeMetricFamily("purveyor_workers", "Workers that gave a sign of life.", now.workers)


def _interfaces(tx: Tx) -> Iterator[GaugeMetricFamily]:
    waiting = GaugeMetricFamily(
        "purveyor_interface_open", "Documents that wait (pending) or were given up (dead).", labels=["interface", "state"]
    )
    oldest = GaugeMetricFamily(
        "purveyor_interface_oldest_seconds", "Age of the oldest of those documents.", labels=["interface", "state"]
    )
    for entry in open_documents(tx):
        waiting.add_metric([entry.interface, entry.state], entry.documents)
        oldest.add_metric([entry.interface, entry.state], entry.oldest.total_seconds())
    moved = GaugeMetricFamily(
        "purveyor_interface_documents",
        "Attempts and documents by outcome within the window that ends now.",
        labels=["interface", "outcome", "window"],
    )
    for each in traffic(tx):
        moved.add_metric([each.interface, each.outcome, each.window], each.documents)
    yield from (waiting, oldest, moved)


def _feeds(tx: Tx) -> Iterator[GaugeMetricFamily]:
    age = GaugeMetricFamily("purveyor_feed_age_seconds", "How long ago a feed was read to its end.", labels=["erp", "feed"])
    failing = GaugeMetricFamily("purveyor_feed_failing", "1 when the last reading failed.", labels=["erp", "feed"])
    for feed in feeds.all_feeds(tx):
        if feed.read_at is not None:
            age.add_metric([feed.erp, feed.entity], (tx.real_now - feed.read_at).total_seconds())
        failing.add_metric([feed.erp, feed.entity], feed.problem is not None)
    yield from (age, failing)


class Durations:
    """Takes the time of each request until its answer is complete."""

    def __init__(self, app: ASGIApp, *, seconds: Histogram) -> None:
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and count it by class of route, method and class of status."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = "aborted"

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = f"{message['status'] // 100}xx"
            await send(message)

        started = perf_counter()
        try:
            await self._app(scope, receive, watched)
        finally:
            method = scope["method"] if scope["method"] in METHODS else "other"
            self._seconds.labels(route_class(scope["path"]), method, status).observe(perf_counter() - started)


METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})


def route_class(path: str) -> str:
    """Sort an address into one of a few classes, so that labels stay few."""
    return next((name for start, name in ROUTE_CLASSES.items() if path.startswith(start)), "page")


def _token(file: Path) -> bytes:
    try:
        token = file.read_bytes().strip()
    except OSError as error:
        raise InvalidSettings(setting="metrics_token_file", reason=str(error)) from error
    if len(token) < LEAST_TOKEN:
        raise InvalidSettings(setting="metrics_token_file", reason=f"must hold at least {LEAST_TOKEN} characters")
    return token


PART: Final = Part("metrics", (router,))
