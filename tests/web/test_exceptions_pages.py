"""Exceptions: what is first, documents side by side, and each decision with its effect, its role and its reason."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from purveyor.app.cases import open_case
from purveyor.core.access import SYSTEM, Role
from purveyor.core.cases import CaseStatus, ExceptionCase, ExceptionType, OpenCase, compared
from purveyor.settings import Settings
from purveyor.store import acknowledgments
from purveyor.store.db import Database
from tests.app.supplier_world import answered, counted, now_of, progress, twelve_and_eight
from tests.core.supplier_side import a_part
from tests.order_builders import UNIT
from tests.web.desks import Desk
from tests.web.dock_world import World, a_dock_world, a_price_dispute
from tests.web.exception_samples import fifty_exceptions


@pytest.fixture
def world(database: Database, web_settings: Settings) -> Iterator[World]:
    """One person of each role and a pump order at its supplier."""
    with a_dock_world(database, web_settings) as opened:
        yield opened


def at(case: ExceptionCase) -> str:
    return f"/exceptions/{case.id}"


def settled(desk: Desk, case: ExceptionCase, resolution: str, **fields: str) -> int:
    return desk.send(f"{at(case)}/settle", seen_on=at(case), resolution=resolution, **fields).status_code


def test_the_list_says_how_many_are_open_and_what_is_at_stake(world: World) -> None:
    a_price_dispute(world)

    page = world.buyer.open("/exceptions").text

    assert "1 exception, 460.80 USD at stake." in page
    assert "Invoice price too high" in page


def test_the_list_is_filtered_by_kind_role_supplier_and_whose(world: World) -> None:
    a_price_dispute(world)

    for query, hit in (
        ("type=MATCH_PRICE", True),
        ("type=OVER_RECEIPT", False),
        ("role=buyer", True),
        ("role=it", False),
        (f"supplier={world.order.supplier_id}", True),
        ("status=on_hold", False),
        ("whose=mine", True),
    ):
        page = world.buyer.open(f"/exceptions?{query}").text
        assert ("Invoice price too high</a>" in page) is hit, query
    assert "No exception fits" in world.it.open("/exceptions?whose=mine").text


def test_a_filter_that_is_none_is_refused(world: World) -> None:
    assert world.buyer.open("/exceptions?type=NONSENSE").status_code == 422
    assert world.buyer.open("/exceptions?supplier=keller").status_code == 422


def test_an_empty_list_says_what_would_fill_it(world: World) -> None:
    assert "No exception is open." in world.buyer.open("/exceptions").text


def test_a_long_list_has_a_second_page(world: World) -> None:
    fifty_exceptions(world.database)

    first = world.buyer.open("/exceptions").text
    following = first.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")

    assert "1 row on this page" in world.buyer.open(following).text


def test_order_and_invoice_stand_side_by_side_with_the_differing_cells_marked(world: World) -> None:
    a_price_dispute(world)
    case = world.case(ExceptionType.MATCH_PRICE)

    page = world.buyer.open(at(case)).text

    row = page.partition("unit price</th>")[2].partition("</tr>")[0]
    assert "998.40" in row
    assert 'class="pv-differs">1,036.80' in row
    assert "460.80 USD" in page
    assert "Do we pay the price that was billed?" in page
    assert "KP-10442" in page


def test_only_what_policy_allows_is_offered_and_the_proposed_one_is_marked(world: World) -> None:
    a_price_dispute(world)
    case = world.case(ExceptionType.MATCH_PRICE)

    page = world.buyer.open(at(case)).text

    offered = page.partition('id="decide"')[2].partition("</fieldset>")[0]
    assert [
        code for code in ("accept_invoice_price", "dispute_with_supplier", "change_order", "scrap") if f'"{code}"' in offered
    ] == [
        "accept_invoice_price",
        "dispute_with_supplier",
        "change_order",
    ]
    assert "proposed" in offered
    assert "Override" not in page


def test_accepting_the_price_settles_it_and_can_be_undone(world: World) -> None:
    a_price_dispute(world)
    case = world.case(ExceptionType.MATCH_PRICE)

    assert settled(world.manager, case, "accept_invoice_price") == 303
    after = world.stored(case)
    page = world.manager.open(at(case)).text

    assert after.status is CaseStatus.RESOLVED
    assert "Accept the invoice's price" in page
    assert "Carl" in page


def test_disputing_puts_it_on_hold_with_its_owner(world: World) -> None:
    a_price_dispute(world)
    case = world.case(ExceptionType.MATCH_PRICE)

    assert settled(world.buyer, case, "dispute_with_supplier") == 303

    assert world.stored(case).status is CaseStatus.ON_HOLD
    assert "On hold" in world.buyer.open("/exceptions").text


def test_another_resolution_needs_the_right_and_a_reason_and_is_an_override(world: World) -> None:
    a_price_dispute(world)
    case = world.case(ExceptionType.MATCH_PRICE)

    by_buyer = settled(world.buyer, case, "accept_invoice_value", reason="It is small.")
    without_reason = settled(world.manager, case, "accept_invoice_value")
    with_reason = settled(world.manager, case, "accept_invoice_value", reason="It is small.")

    assert (by_buyer, without_reason, with_reason) == (403, 422, 303)
    assert world.stored(case).override
    assert "override report" in world.manager.open(at(case)).text


def test_who_does_not_own_it_sees_who_can_act_and_is_refused(world: World) -> None:
    a_price_dispute(world)
    case = world.case(ExceptionType.MATCH_PRICE)

    page = world.warehouse.open(at(case)).text
    form = world.warehouse.open("/receiving").text
    token = form.rpartition('name="csrf_token" value="')[2].partition('"')[0]
    sent = {"csrf_token": token, "version": str(case.version), "resolution": "accept_invoice_price"}

    assert "Buyer decides." in page
    assert "Rita" in page
    assert world.warehouse.visitor.post(f"{at(case)}/settle", data=sent).status_code == 403
    assert world.auditor.visitor.post(f"{at(case)}/settle", data={**sent, "csrf_token": "x"}).status_code == 403
    assert world.stored(case).is_open


def test_a_stale_form_changes_nothing(world: World) -> None:
    a_price_dispute(world)
    case = world.case(ExceptionType.MATCH_PRICE)

    assert settled(world.buyer, case, "accept_invoice_price", version="0") == 409
    assert world.stored(case).is_open


def test_the_same_form_sent_twice_settles_once(world: World) -> None:
    a_price_dispute(world)
    case = world.case(ExceptionType.MATCH_PRICE)
    page = world.manager.open(at(case)).text
    token = page.rpartition('name="csrf_token" value="')[2].partition('"')[0]
    form = {"csrf_token": token, "version": str(case.version), "resolution": "accept_invoice_price"}

    first, second = (world.manager.visitor.post(f"{at(case)}/settle", data=form) for _ in range(2))

    assert (first.status_code, second.status_code) == (303, 409)


@pytest.mark.parametrize("resolution", ["", "nonsense"])
def test_nothing_chosen_settles_nothing(world: World, resolution: str) -> None:
    a_price_dispute(world)
    case = world.case(ExceptionType.MATCH_PRICE)

    assert settled(world.buyer, case, resolution) == 422


def proposal(world: World) -> ExceptionCase:
    """The supplier asks for more money."""
    answered(world.database, world.order, a_part("change", "20", price="1098.24"))
    return world.case(ExceptionType.ACK_CHANGE_PROPOSED)


def test_a_refused_proposal_is_told_to_the_supplier_with_a_reason(world: World) -> None:
    case = proposal(world)

    without, with_reason = (
        settled(world.buyer, case, "refuse_change", reason="\u200b"),
        settled(world.buyer, case, "refuse_change", reason="No."),
    )

    assert (without, with_reason) == (422, 303)
    assert not world.stored(case).is_open
    with world.database.read(SYSTEM) as tx:
        assert list(acknowledgments.verdicts(tx, world.order.id).values()) == ["rejected"]


def test_an_accepted_proposal_is_taken_into_the_order(world: World) -> None:
    answered(world.database, world.order, a_part("change", "18"))
    case = world.case(ExceptionType.ACK_CHANGE_PROPOSED)

    assert settled(world.buyer, case, "accept_change") == 303

    assert now_of(world.database, world.order.id).lines[0].quantity == 18


def test_a_held_count_asks_its_question_and_is_counted_again_on_the_spot(world: World) -> None:
    answered(world.database, world.order, *twelve_and_eight())
    counted(world.database, world.order, "240", uom="CT")
    case = world.case(ExceptionType.HELD_RECOUNT)

    page = world.warehouse.open(at(case)).text
    action = page.partition('action="/receiving/recount/')[2].partition('"')[0]
    answer = world.warehouse.send(f"/receiving/recount/{action}", seen_on=at(case), quantity="240", uom="EA")

    assert "20 CT (240 EA)?" in page
    assert answer.status_code == 303
    assert world.open_cases(ExceptionType.HELD_RECOUNT) == []
    assert progress(world.database, world.order.id).accepted == 20


def test_surplus_is_kept_with_role_and_reason(world: World) -> None:
    counted(world.database, world.order, "21", uom="CT")
    case = world.case(ExceptionType.OVER_RECEIPT)

    without, kept = settled(world.buyer, case, "keep_surplus"), settled(world.buyer, case, "keep_surplus", reason="Sells well.")

    assert (without, kept) == (422, 303)
    assert progress(world.database, world.order.id).accepted == 21


def test_damaged_goods_are_sent_back_by_the_warehouse(world: World) -> None:
    counted(world.database, world.order, "20", uom="CT", damaged="1")
    case = world.case(ExceptionType.DAMAGED_RECEIPT)

    assert settled(world.warehouse, case, "return_goods") == 303
    assert not world.stored(case).is_open


def test_a_stockout_risk_says_how_much_is_missing_where_stock_is_and_who_can_act(world: World) -> None:
    answered(world.database, world.order, a_part("accept", "20", promised_delivery="2026-03-23"))
    moved = a_part("accept", "20", promised_delivery="2026-03-27")
    answered(world.database, world.order, moved, name="a2", minutes=60)
    case = world.case(ExceptionType.STOCKOUT_RISK)

    page = world.manager.open(at(case)).text

    for shown in ("short of PUMP-1", "units short", "Dayton", "84 available", "Ask for faster delivery", "Transfer stock"):
        assert shown in page


def test_an_exception_of_the_gate_leads_to_the_order(world: World) -> None:
    with world.database.transaction(SYSTEM) as tx:
        command = OpenCase(
            ExceptionType.QUANTITY_ANOMALY,
            "gate:1",
            "240 cartons are too many.",
            order_id=world.order.id,
            line_no=1,
            business_unit_id=UNIT,
            evidence=(compared("PACK_SLIP", order="240 CT", expected="20 CT"),),
            proposed_resolution="20 CT",
        )
        case = open_case(tx, command)

    page = world.buyer.open(at(case)).text

    assert f'href="/orders/{world.order.order_ref}/check"' in page
    assert "Settle it" not in page


def test_it_can_be_put_aside_until_a_day_and_given_to_another_role(world: World) -> None:
    a_price_dispute(world)
    case = world.case(ExceptionType.MATCH_PRICE)

    no_day = world.buyer.send(f"{at(case)}/hold", seen_on=at(case), until="soon", hold_reason="Asked.")
    no_reason = world.buyer.send(f"{at(case)}/hold", seen_on=at(case), until="2026-03-12", hold_reason="\u200b")
    held = world.buyer.send(f"{at(case)}/hold", seen_on=at(case), until="2026-03-12", hold_reason="Asked.")
    no_role = world.buyer.send(f"{at(case)}/reassign", seen_on=at(case), role="", reassign_reason="Yours.")
    given = world.buyer.send(f"{at(case)}/reassign", seen_on=at(case), role="accounts_payable", reassign_reason="Yours.")

    assert [each.status_code for each in (no_day, no_reason, held, no_role, given)] == [422, 422, 303, 422, 303]
    assert world.stored(case).owner_role is Role.ACCOUNTS_PAYABLE


def test_a_decision_without_effect_elsewhere_can_be_undone_with_a_reason(world: World) -> None:
    with world.database.transaction(SYSTEM) as tx:
        case = open_case(tx, OpenCase(ExceptionType.ACK_OVERDUE, "late:1", "No answer.", business_unit_id=UNIT))
    settled(world.manager, case, "call_supplier")

    without = world.manager.send(f"{at(case)}/undo", seen_on=at(case), undo_reason="\u200b ")
    undone = world.manager.send(f"{at(case)}/undo", seen_on=at(case), undo_reason="He did not answer.")

    assert (without.status_code, undone.status_code) == (422, 303)
    assert world.stored(case).is_open


def test_an_unknown_exception_is_not_found(world: World) -> None:
    assert world.buyer.open("/exceptions/00000000-0000-7000-8000-000000000099").status_code == 404


def test_an_invoice_without_order_is_assigned_to_one_that_exists(world: World) -> None:
    with world.database.transaction(SYSTEM) as tx:
        case = open_case(tx, OpenCase(ExceptionType.INVOICE_UNKNOWN_ORDER, "invoice:1", "No order.", business_unit_id=UNIT))

    page = world.payable.open(at(case)).text

    assert "Order it belongs to" in page
