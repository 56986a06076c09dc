"""HTTP to partners: what may be tried again, what needs a person, and what must be looked up first."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from purveyor.connectors.contract import PermanentError, RetryableError
from purveyor.connectors.transport import http
from purveyor.connectors.transport.http import AnswerLost, Call, HttpTransport, Reply, expect_success
from purveyor.demo.partners.server import Answer, Partner, as_json


def test_numbers_in_answers_are_never_binary_floats() -> None:
    with Partner(lambda _: Answer(200, b'{"price": 0.1}')) as partner:
        reply = HttpTransport(partner.url).call("GET", "/price")

    assert reply.body == {"price": Decimal("0.1")}


def test_a_busy_partner_is_tried_again_after_the_wait_it_asked_for() -> None:
    with Partner(lambda _: as_json({}, 503, {"retry-after": "7"})) as partner, pytest.raises(RetryableError) as caught:
        expect_success(HttpTransport(partner.url).call("POST", "/orders", json_body={"a": "1"}), "The partner is busy.")

    assert caught.value.retry_after == timedelta(seconds=7)


SENT = "Mon, 09 Mar 2026 09:00:00 GMT"


@pytest.mark.parametrize(
    ("asked", "wait"),
    [
        ("0", 0),
        ("00120", 120),
        ("999999", 3600),
        ("9" * 5000, 3600),
        ("Mon, 09 Mar 2026 09:02:00 GMT", 120),
        ("Mon, 09 Mar 2026 08:00:00 GMT", 0),
        ("Tue, 10 Mar 2026 09:00:00 GMT", 3600),
        ("Mon, 09 Mar 2026 09:02:00", 120),
        ("\u00b2", None),
        ("-5", None),
        ("soon", None),
        ("Mon, 99 Mar 2026 09:00:00 GMT", None),
        ("", None),
    ],
)
def test_whatever_wait_a_partner_asks_for_is_understood_or_ignored_and_never_endless(asked: str, wait: int | None) -> None:
    busy = Reply(503, {"retry-after": asked, "date": SENT}, None, "")

    with pytest.raises(RetryableError) as caught:
        expect_success(busy, "The partner is busy.")

    assert caught.value.retry_after == (None if wait is None else timedelta(seconds=wait))


def test_a_date_to_wait_for_says_nothing_without_the_date_of_the_answer() -> None:
    with pytest.raises(RetryableError) as caught:
        expect_success(Reply(503, {"retry-after": SENT}, None, ""), "The partner is busy.")

    assert caught.value.retry_after is None


def test_a_refusal_needs_a_person_and_quotes_what_was_said() -> None:
    with Partner(lambda _: Answer(422, b"unknown part")) as partner, pytest.raises(PermanentError) as caught:
        expect_success(HttpTransport(partner.url).call("POST", "/orders"), "The partner refuses.")

    assert caught.value.fields["said"] == "unknown part"


def test_a_partner_that_cannot_be_reached_has_surely_not_acted() -> None:
    with pytest.raises(RetryableError) as caught:
        HttpTransport("http://127.0.0.1:9").call("POST", "/orders")

    assert not isinstance(caught.value, AnswerLost)


def test_an_answer_that_never_comes_leaves_the_outcome_open() -> None:
    with Partner(lambda _: as_json({})) as partner:
        partner.silence = 0.6
        with pytest.raises(AnswerLost):
            HttpTransport(partner.url, timeout=0.2).call("POST", "/orders")
        assert len(partner.received) == 1


def test_a_flood_of_bytes_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MAXIMUM_BODY", 1000)
    with Partner(lambda _: Answer(200, b"x" * 2000)) as partner, pytest.raises(PermanentError, match="larger"):
        HttpTransport(partner.url).call("GET", "/")


def test_redirects_are_not_followed() -> None:
    with Partner(lambda _: Answer(302, b"", {"location": "http://127.0.0.1:9/"})) as partner:
        assert HttpTransport(partner.url).call("GET", "/").status == 302


def test_every_call_is_recorded_without_its_secrets() -> None:
    calls: list[Call] = []
    with Partner(lambda _: as_json({})) as partner:
        HttpTransport(partner.url, {"authorization": "secret"}, record=calls.append).call("GET", "/x", params={"key": "secret"})

    assert [call.status for call in calls] == [200]
    assert "secret" not in str(calls)
