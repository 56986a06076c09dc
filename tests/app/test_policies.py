"""Policies in the database: loaded with two names, in force from a moment, and never trusted blindly."""

from __future__ import annotations

from datetime import date, timedelta

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from purveyor.app import policy
from purveyor.app.policy import LoadPolicies, PolicyNotProved, SamePerson
from purveyor.core.access import SYSTEM
from purveyor.core.policy.policy_set import PolicyMissing
from purveyor.core.policy.reading import InvalidPolicy
from purveyor.store import policies
from purveyor.store.db import Database, Tx
from purveyor.store.policies import PolicyTampered
from tests.app.people import MONDAY_NINE, policy_files, set_clock
from tests.policies import shipped_policies

pytestmark = pytest.mark.postgres
WIDER = policy_files()["approval_matrix.toml"].replace("5000", "6000")


def loading(files: dict[str, str], author: str = "ann", publisher: str = "bob") -> LoadPolicies:
    return LoadPolicies(files, author, publisher)


def test_the_shipped_files_come_into_force_with_both_names(tx: Tx) -> None:
    published = policy.load(tx, loading(policy_files()))

    assert {one.table for one in published} == set(shipped_policies().tables)
    assert {(one.author, one.publisher) for one in published} == {("ann", "bob")}
    assert policy.current(tx).hash == shipped_policies().hash


def test_loading_the_same_files_again_changes_nothing(tx: Tx) -> None:
    first = policy.load(tx, loading(policy_files()))

    again = policy.load(tx, loading(policy_files(), author="carl", publisher="dora"))

    assert again == first


def test_a_new_version_counts_from_its_moment_and_documents_in_flight_keep_theirs(database: Database) -> None:
    set_clock(database, MONDAY_NINE)
    with database.transaction(SYSTEM) as tx:
        policy.load(tx, loading(policy_files()))
        routed_at, before = tx.now, policy.current(tx).hash
        tomorrow = tx.now + timedelta(days=1)
        policy.load(tx, LoadPolicies({"matrix.toml": WIDER}, "ann", "bob", effective_from=tomorrow))
        today = policy.current(tx).hash

    set_clock(database, MONDAY_NINE + timedelta(days=2))
    with database.read(SYSTEM) as tx:
        after, kept = policy.current(tx).hash, policies.policies_at(tx, routed_at).hash

    assert before == today == kept != after


def test_an_author_does_not_publish_his_own_table(tx: Tx) -> None:
    with pytest.raises(SamePerson):
        policy.load(tx, loading(policy_files(), publisher="Ann "))


def test_somebody_elses_text_does_not_make_its_author_the_publisher(tx: Tx) -> None:
    files = {"matrix.toml": policy_files()["approval_matrix.toml"]}
    policy.load(tx, loading(files))
    policy.load(tx, loading({"matrix.toml": WIDER}, author="bob", publisher="carl"))

    with pytest.raises(SamePerson):
        policy.load(tx, loading(files, author="dora", publisher="ann"))


@pytest.mark.parametrize(
    ("known", "publisher", "ahead", "words"),
    [
        (True, "ann", timedelta(0), "cannot publish it"),
        (False, "bob", timedelta(0), "no such policy version"),
        (True, "bob", timedelta(-1), "in the past"),
    ],
)
def test_the_database_itself_refuses_to_publish_alone_unknown_or_in_the_past(
    tx: Tx, known: bool, publisher: str, ahead: timedelta, words: str
) -> None:
    table = shipped_policies().tables["freshness"].table
    if known:
        policies.add_version(tx, table, policy_files()["freshness.toml"], "ann")

    with pytest.raises(DBAPIError, match=words), tx.conn.begin_nested():
        policies.publish(tx, table.key, table.version, tx.now + ahead, publisher)


def test_a_table_with_gaps_is_not_loaded_and_neither_are_the_good_ones(tx: Tx) -> None:
    gap = policy_files()["approval_escalation.toml"].replace("level = { at_least = 2 }", "level = { at_least = 3 }")

    with pytest.raises(PolicyNotProved) as refused:
        policy.load(tx, loading({**policy_files(), "approval_escalation.toml": gap}))

    assert refused.value.fields["gaps"] == "level=[2, 3)"
    assert policy.current(tx).tables == {}


def test_a_mistyped_file_names_file_row_and_cell(tx: Tx) -> None:
    wrong = policy_files()["approval_matrix.toml"].replace('"25000"', "25000", 1)

    with pytest.raises(InvalidPolicy, match=r"file=approval_matrix.toml, row=A2, cell=amount"):
        policy.load(tx, loading({"approval_matrix.toml": wrong}))


def test_text_changed_behind_our_back_is_noticed_instead_of_obeyed(
    database: Database, superuser: psycopg.Connection[tuple[object, ...]]
) -> None:
    only = {"escalation.toml": policy_files()["approval_escalation.toml"].replace('"4"', '"3"')}
    with database.transaction(SYSTEM) as tx:
        policy.load(tx, loading(only))
    superuser.execute("UPDATE policy_version SET content = replace(content, '\"8\"', '\"9\"')")

    with pytest.raises(PolicyTampered), database.read(SYSTEM) as tx:
        policy.current(tx)


def test_an_installation_without_policies_decides_nothing(tx: Tx) -> None:
    with pytest.raises(PolicyMissing):
        policy.current(tx).require("tolerances", {})


def test_kept_policy_sets_are_bounded(tx: Tx, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policies, "SETS_KEPT", 1)
    policy.load(tx, loading(policy_files()))
    first = policy.current(tx)
    policy.load(tx, loading({"matrix.toml": WIDER}))

    assert policy.current(tx) is not first
    assert policy.current(tx) is policy.current(tx)
    assert policies.in_force(tx, tx.now)["approval_matrix"].effective_from.date() >= date(2026, 1, 1)
