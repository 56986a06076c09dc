"""One trace from a request through its job to the call of an outside system; retries point back, secrets stay out."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from email.message import EmailMessage
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
import pytest
import structlog
from fastapi import APIRouter
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.requests import Request

from purveyor.cli.console import set_up_log
from purveyor.cli.redaction import HIDDEN, Redactor, known_secrets
from purveyor.connectors.contract import PermanentError, RetryableError
from purveyor.connectors.transport.http import HttpTransport
from purveyor.connectors.transport.smtp import SmtpTransport
from purveyor.core.access import SYSTEM
from purveyor.core.messaging import MessageKind, Outbound
from purveyor.settings import Settings
from purveyor.store import jobs, message_batches, messages
from purveyor.store.db import Database
from purveyor.store.jobs import Job, Registry
from purveyor.store.message_batches import NewMessage
from purveyor.store.messages import About
from purveyor.web.main import PARTS, create_app
from purveyor.web.navigation import Part
from purveyor.worker.loop import work_off
from tests.web.browser import visited
from tests.web.people import a_person, sign_in

Superuser = psycopg.Connection[tuple[object, ...]]
SETTINGS = Settings(data_dir=Path("unused"), poll_seconds=Decimal("0.2"), job_attempts=2)
CANARY = "canary-5f3c9d2e71"

_EXPORTED = InMemorySpanExporter()
_PROVIDER = TracerProvider(shutdown_on_exit=False)
_PROVIDER.add_span_processor(SimpleSpanProcessor(_EXPORTED))


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """What a collector would get from this process."""
    if trace.get_tracer_provider() is not _PROVIDER:
        trace.set_tracer_provider(_PROVIDER)
    _EXPORTED.clear()
    yield _EXPORTED
    _EXPORTED.clear()


@contextmanager
def everything_logged() -> Iterator[io.StringIO]:
    """Everything this process logs meanwhile, its libraries included, as in production."""
    before, handlers, stream = structlog.get_config(), list(logging.getLogger().handlers), sys.stderr
    sys.stderr = sink = io.StringIO()
    set_up_log(as_json=True, secrets=[CANARY])
    try:
        yield sink
    finally:
        sys.stderr = stream
        structlog.configure(**before)
        logging.getLogger().handlers[:] = handlers


def a_part_that_queues(kind: str = "note", fault: str = "") -> Part:
    """A page of the test that queues a job, or fails."""
    router = APIRouter(include_in_schema=False)

    @router.get("/queue/{secret}")
    def queue(request: Request, secret: str) -> dict[str, str]:
        if fault:
            raise LookupError(f"{fault} {secret}")
        with request.app.state.database.transaction(SYSTEM, correlation_id=request.state.correlation_id) as tx:
            jobs.enqueue(tx, kind, "order-1")
        return {}

    return Part("queueing", (router,))


def a_registry(transport: HttpTransport) -> Registry:
    def note(database: Database, job: Job) -> None:
        transport.call("POST", f"/hook/{CANARY}?token={CANARY}", json_body={})

    registry = Registry()
    registry.add("note", note)
    return registry


def answering(status: int) -> HttpTransport:
    return HttpTransport(
        "http://partner.example",
        {"authorization": f"Bearer {CANARY}"},
        transport=httpx.MockTransport(lambda _: httpx.Response(status)),
    )


def named(spans: InMemorySpanExporter, name: str) -> ReadableSpan:
    [found] = [each for each in spans.get_finished_spans() if each.name == name]
    return found


def ids(found: ReadableSpan) -> tuple[int, int]:
    context = found.get_span_context()
    assert context is not None
    return context.trace_id, context.span_id


def test_a_request_its_job_and_the_call_of_the_partner_are_one_trace(
    database: Database, web_settings: Settings, spans: InMemorySpanExporter
) -> None:
    with visited(create_app(database, web_settings, (*PARTS, a_part_that_queues()))) as visitor:
        number = visitor.get("/queue/x").headers["x-correlation-id"]
    work_off(database, SETTINGS, a_registry(answering(200)))

    request, job, call = (named(spans, name) for name in ("GET /queue/{secret}", "job note", "HTTP POST"))
    assert request.parent is None
    assert job.parent is not None
    assert call.parent is not None
    assert (job.parent.trace_id, job.parent.span_id) == ids(request)
    assert (call.parent.trace_id, call.parent.span_id) == ids(job)
    assert dict(job.attributes or {}) == {"job.kind": "note", "job.attempt": 1, "correlation": number}
    assert (call.attributes or {})["server.address"] == "partner.example"


def test_a_program_that_traces_too_is_continued_a_browser_is_not(
    database: Database, web_settings: Settings, spans: InMemorySpanExporter
) -> None:
    given = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"
    with visited(create_app(database, web_settings)) as visitor:
        visitor.get("/v1/orders", headers={"traceparent": given})
        visitor.get("/livez", headers={"traceparent": given})

    assert format(ids(named(spans, "GET /v1/orders"))[0], "032x") == "0123456789abcdef0123456789abcdef"
    assert named(spans, "GET /livez").parent is None


def test_a_later_try_of_a_job_points_back_instead_of_making_a_trace_of_hours(
    database: Database, superuser: Superuser, spans: InMemorySpanExporter
) -> None:
    tracer = trace.get_tracer("test")
    with tracer.start_as_current_span("asked") as asked, database.transaction(SYSTEM) as tx:
        jobs.enqueue(tx, "note", "order-1")
    superuser.execute("UPDATE procrastinate_jobs SET attempts = 1")

    work_off(database, SETTINGS, a_registry(answering(200)))

    job = named(spans, "job note")
    assert job.parent is None
    assert [link.context.trace_id for link in job.links] == [asked.get_span_context().trace_id]


def test_a_message_that_is_sent_hours_later_points_back_to_who_asked_for_it(
    database: Database, superuser: Superuser, spans: InMemorySpanExporter
) -> None:
    with trace.get_tracer("test").start_as_current_span("asked") as asked, database.transaction(SYSTEM) as tx:
        outbound = Outbound(MessageKind.SUPPLIER_ORDER, "order", uuid4(), 1, "keller", "api", "key")
        message_batches.queue_many(tx, [NewMessage(outbound, {}, About())])
    superuser.execute("DELETE FROM procrastinate_jobs")
    superuser.execute("UPDATE message SET queued_at = NULL")
    with database.transaction(SYSTEM) as tx:
        assert messages.promote_due(tx) == 1
    registry = Registry()
    registry.add("supplier_order", lambda database, job: None)

    work_off(database, SETTINGS, registry)

    assert [link.context.trace_id for link in named(spans, "job supplier_order").links] == [asked.get_span_context().trace_id]


def test_jobs_queued_by_a_version_without_traces_are_still_done(
    database: Database, superuser: Superuser, spans: InMemorySpanExporter
) -> None:
    with database.transaction(SYSTEM) as tx:
        jobs.enqueue(tx, "note", "order-1")
    superuser.execute("UPDATE procrastinate_jobs SET args = args - 'traceparent' - 'looks_back_to'")

    work_off(database, SETTINGS, a_registry(answering(200)))

    assert named(spans, "job note").parent is None


def test_a_fault_is_marked_by_its_class_alone(database: Database, web_settings: Settings, spans: InMemorySpanExporter) -> None:
    away = SmtpTransport("127.0.0.1", 1, "purveyor", CANARY)
    mail = EmailMessage()
    with pytest.raises(RetryableError):
        away.deliver(mail)

    found = named(spans, "SMTP send")
    assert (found.status.description, found.events) == ("ConnectionRefusedError", ())


# Attack test 56: planted secrets appear nowhere.


def test_secrets_planted_everywhere_appear_in_no_log_trace_or_answer(
    database: Database, web_settings: Settings, spans: InMemorySpanExporter
) -> None:
    with database.transaction(SYSTEM) as tx:
        a_person(tx, "dana")
        jobs.enqueue(tx, "note", "order-1")

    with everything_logged() as log:
        with visited(create_app(database, web_settings, (*PARTS, a_part_that_queues(fault="password=")))) as visitor:
            answers = list(asked_with_the_canary(visitor))
        work_off(database, SETTINGS, a_registry_that_is_refused())
        logging.getLogger("some.library").warning("connecting to postgresql://app:%s@db/purveyor", CANARY)
        structlog.get_logger().warning("given", password="hunter2-hunter2", nested={"api_key": "k-123456"}, found=[CANARY])

    said = log.getvalue()
    assert [event for event in ("request_failed", "job failed", "connecting to", "given") if event not in said] == []
    for secret in (CANARY, "hunter2-hunter2", "k-123456"):
        assert secret not in said
        assert secret not in "".join(each.to_json() for each in spans.get_finished_spans())
        assert secret not in "".join(f"{answer.headers}{answer.text}" for answer in answers)


def asked_with_the_canary(visitor: httpx.Client) -> Iterator[httpx.Response]:
    """Send the canary in each place where a secret may stand."""
    yield sign_in(visitor, "dana", CANARY)
    yield visitor.get(f"/queue/{CANARY}", headers={"accept": "application/json"})  # a page links back to the reader's own address
    yield visitor.get(f"/s/{CANARY}")
    yield visitor.get("/v1/orders", headers={"authorization": f"Bearer {CANARY}"})
    yield visitor.get("/metrics", headers={"authorization": f"Bearer {CANARY}"})
    yield visitor.get("/orders", headers={"cookie": f"purveyor={CANARY}"})


def a_registry_that_is_refused() -> Registry:
    def refused(database: Database, job: Job) -> None:
        answering(401).call("POST", f"/hook/{CANARY}")
        raise PermanentError(f"The account is refused: Session {CANARY}")

    registry = Registry()
    registry.add("note", refused)
    return registry


def test_every_line_of_the_log_is_json_and_names_its_trace(spans: InMemorySpanExporter) -> None:
    with everything_logged() as log, trace.get_tracer("test").start_as_current_span("asked") as asked:
        structlog.get_logger().info("ours")
        logging.getLogger("theirs").error("library")

    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["ours", "library"]
    assert {line["trace"] for line in lines} == {format(asked.get_span_context().trace_id, "032x")}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgresql://app:pw12345@db/x", f"postgresql://app:{HIDDEN}@db/x"),
        ("Authorization: Bearer abcdefgh", f"Authorization: Bearer {HIDDEN}"),
        ('{"password": "abc"}', f'{{"password": "{HIDDEN}"}}'),
        ("GET /s/abcdefghijklmnopq?x=1", f"GET /s/{HIDDEN}?x=1"),
        ("12 pumps for Keller", "12 pumps for Keller"),
    ],
)
def test_telling_shapes_are_blacked_out_and_ordinary_words_are_not(text: str, expected: str) -> None:
    assert Redactor().text(text) == expected


def test_the_values_of_all_secret_files_are_known(tmp_path: Path) -> None:
    for name in ("smtp", "erp", "KELLER.secret"):
        (tmp_path / name).write_text(f"value of {name}", "utf-8")
    connections = tmp_path / "connections.toml"
    connections.write_text(
        f'[erp.main]\npassword_file = "{tmp_path / "erp"}"\n[wms]\ntoken_file = "/none"\n'
        f'[supplier_secrets]\nfolder = "{tmp_path}"\n',
        "utf-8",
    )
    settings = replace(
        SETTINGS,
        database_url="postgresql://app:a%40b@db/x",
        smtp_password_file=tmp_path / "smtp",
        connections_file=connections,
    )

    assert set(known_secrets(settings)) == {"a%40b", "a@b", "value of smtp", "value of erp", "value of KELLER.secret"}


def test_an_age_or_a_number_stays_what_it_is() -> None:
    line = Redactor([CANARY])(None, "info", {"seconds": 3, "age": timedelta(seconds=3), "token": None, "ok": True})

    assert line == {"seconds": 3, "age": "0:00:03", "token": None, "ok": True}
