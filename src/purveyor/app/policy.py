"""Load policy tables from files, prove them, and put them in force with two names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from purveyor.core.errors import PurveyorError
from purveyor.core.events.base import Ref
from purveyor.core.events.policy import PolicyPublished
from purveyor.core.policy.policy_set import PolicySet
from purveyor.core.policy.proof import Proof, prove
from purveyor.core.policy.reading import read_table
from purveyor.core.policy.table import Table
from purveyor.store import events, policies
from purveyor.store.db import Tx
from purveyor.store.policies import Publication

POLICY_STREAMS = UUID("6f1d0c52-7a3e-5b0f-9d0a-3f4b7a1c2e90")
"""Name space of the event streams of policy tables: one stream per table key."""


class PolicyNotProved(PurveyorError):
    """The table has gaps, overlaps or rows that can never fire; they are named."""

    code = "policy_not_proved"


class SamePerson(PurveyorError):
    """A policy is published by another person than its author."""

    code = "same_person"


@dataclass(frozen=True, slots=True)
class LoadPolicies:
    """Command: put these files (name to TOML text) in force; ``author`` and ``publisher`` are person keys of two people."""

    files: Mapping[str, str]
    author: str
    publisher: str
    effective_from: datetime | None = None


def current(tx: Tx) -> PolicySet:
    """Return the policy set in force now."""
    return policies.current_policies(tx)


def load(tx: Tx, command: LoadPolicies) -> Sequence[Publication]:
    """Read, prove and publish tables; one that is in force already is left alone. Returns what is in force afterwards.

    Nothing is loaded when one file is wrong. Raises InvalidPolicy, PolicyNotProved, SamePerson.
    """
    tables = {name: read_table(text, name) for name, text in sorted(command.files.items())}
    for name, table in tables.items():
        _require_proof(name, prove(table))
    if command.author.strip().casefold() == command.publisher.strip().casefold():
        raise SamePerson(person=command.author)
    start = command.effective_from or tx.now
    known = policies.in_force(tx, start)
    for name, table in tables.items():
        before = known.get(table.key)
        if before is None or before.version != table.version:
            _publish(tx, table, command, command.files[name], before, start)
    return sorted(policies.in_force(tx, start).values(), key=lambda published: published.table)


def _publish(tx: Tx, table: Table, command: LoadPolicies, content: str, before: Publication | None, start: datetime) -> None:
    policies.add_version(tx, table, content, command.author)
    author = policies.author_of(tx, table.key, table.version)
    if author == command.publisher:
        raise SamePerson(person=author)
    policies.publish(tx, table.key, table.version, start, command.publisher)
    published = PolicyPublished(
        stream=Ref("policy", uuid5(POLICY_STREAMS, table.key)),
        table=table.key,
        version=table.version,
        replaces=None if before is None else before.version,
        effective_from=start,
        author=author,
        publisher=command.publisher,
    )
    events.append(tx, [published])


def _require_proof(file: str, proof: Proof) -> None:
    if not proof.holds:
        raise PolicyNotProved(
            file=file,
            gaps="; ".join(proof.gaps),
            overlaps="; ".join(proof.overlaps),
            dead_rows=", ".join(proof.dead_rows),
            too_large=proof.too_large,
        )
