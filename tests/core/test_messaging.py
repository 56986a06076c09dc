"""Outbound messages: one identity over all attempts, growing waits, the next channel, and a person at the end."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from purveyor.core.messaging import (
    SUPPLIER_KINDS,
    SUPPLIER_RETRY,
    SYSTEM_RETRY,
    AfterFailure,
    MessageKind,
    Outbound,
    Step,
    after_failure,
    message_key,
    next_channel,
    retry_rule,
    wait_before_retry,
)
from tests.order_builders import fresh_id

CHANNELS = ("api", "email")
HALF = Decimal("0.5")


def failed(kind: MessageKind, channel: str, attempts: int, *, permanent: bool = False, wait: int | None = None) -> AfterFailure:
    asked = None if wait is None else timedelta(seconds=wait)
    return after_failure(kind, channel, CHANNELS, attempts, permanent=permanent, spread=HALF, asked_wait=asked)


def test_the_same_document_version_and_kind_is_always_the_same_message() -> None:
    order = fresh_id()

    assert message_key(MessageKind.SUPPLIER_ORDER, order, 2) == message_key(MessageKind.SUPPLIER_ORDER, order, 2)
    assert message_key(MessageKind.SUPPLIER_ORDER, order, 2) != message_key(MessageKind.SUPPLIER_ORDER, order, 3)


def test_a_first_failure_of_the_suppliers_api_is_tried_again_there() -> None:
    assert failed(MessageKind.SUPPLIER_ORDER, "api", 1).step is Step.RETRY


def test_an_api_that_stays_away_hands_over_to_mail() -> None:
    assert failed(MessageKind.SUPPLIER_ORDER, "api", 2) == AfterFailure(Step.NEXT_CHANNEL, "email")


def test_a_permanent_refusal_goes_to_the_next_channel_at_once() -> None:
    assert failed(MessageKind.SUPPLIER_ORDER, "api", 1, permanent=True) == AfterFailure(Step.NEXT_CHANNEL, "email")


def test_after_the_last_channel_a_person_takes_over() -> None:
    assert failed(MessageKind.SUPPLIER_ORDER, "email", 2).step is Step.DEAD


def test_a_channel_the_supplier_no_longer_has_hands_over_to_its_first() -> None:
    assert next_channel(CHANNELS, "edi") == "api"
    assert next_channel((), "edi") is None


@pytest.mark.parametrize("kind", sorted(set(MessageKind) - SUPPLIER_KINDS))
def test_an_erp_or_warehouse_has_no_other_channel_but_more_patience(kind: MessageKind) -> None:
    assert failed(kind, "erp", SYSTEM_RETRY.attempts - 1).step is Step.RETRY
    assert failed(kind, "erp", SYSTEM_RETRY.attempts).step is Step.DEAD
    assert failed(kind, "erp", 1, permanent=True).step is Step.DEAD
    assert retry_rule(kind).attempts > retry_rule(MessageKind.SUPPLIER_ORDER).attempts


def test_a_longer_wait_the_other_side_asks_for_is_respected_up_to_the_longest() -> None:
    assert failed(MessageKind.ERP_CONFIRM, "erp", 1, wait=60).wait == timedelta(seconds=60)
    assert failed(MessageKind.ERP_CONFIRM, "erp", 1, wait=10**6).wait == SYSTEM_RETRY.longest_wait
    assert failed(MessageKind.ERP_CONFIRM, "erp", 1, wait=0).wait == failed(MessageKind.ERP_CONFIRM, "erp", 1).wait


@given(attempts=st.integers(1, 500), spread=st.decimals(0, 1, places=4))
def test_waits_grow_to_a_maximum_and_are_spread(attempts: int, spread: Decimal) -> None:
    wait = wait_before_retry(attempts, SUPPLIER_RETRY, spread)
    next_wait = wait_before_retry(attempts + 1, SUPPLIER_RETRY, spread)

    assert SUPPLIER_RETRY.first_wait / 2 <= wait <= SUPPLIER_RETRY.longest_wait
    assert wait <= next_wait
    assert (
        wait_before_retry(attempts, SUPPLIER_RETRY, Decimal(0)) <= wait <= wait_before_retry(attempts, SUPPLIER_RETRY, Decimal(1))
    )


def test_messages_about_one_document_to_one_side_keep_their_order() -> None:
    order = fresh_id()
    first = Outbound(MessageKind.SUPPLIER_ORDER, "order", order, 1, "KELLER", "api", "a")
    change = Outbound(MessageKind.SUPPLIER_CHANGE, "order", order, 2, "KELLER", "email", "b")

    assert first.ordering_key == change.ordering_key
