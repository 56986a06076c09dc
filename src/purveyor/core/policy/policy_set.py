"""All decision tables in force at one moment, and the hash over their versions that every decision is stamped with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from purveyor.core.canonical import digest
from purveyor.core.errors import PurveyorError
from purveyor.core.policy.decide import CompiledTable, Decided, Undecidable
from purveyor.core.policy.table import InputValue, Table


class PolicyMissing(PurveyorError):
    """No version of this policy table is in force; load and publish it first."""

    code = "policy_missing"


class PolicyUndecidable(PurveyorError):
    """Policy cannot decide this without a value that is missing; a person has to, the table and the field are named."""

    code = "policy_undecidable"


@dataclass(frozen=True, eq=False)
class PolicySet:
    """The tables in force by key; compared by identity, identified by ``hash``."""

    tables: Mapping[str, CompiledTable]

    @cached_property
    def hash(self) -> str:
        """SHA-256 over the versions of all tables in force: the ``policy_set`` of decisions, findings and events."""
        return digest({key: compiled.table.version for key, compiled in self.tables.items()})

    def decide(self, key: str, inputs: Mapping[str, InputValue]) -> Decided | Undecidable:
        """Ask one table; raise PolicyMissing or WrongPolicyInput. Undecidable is an answer: a person decides."""
        compiled = self.tables.get(key)
        if compiled is None:
            raise PolicyMissing(table=key)
        return compiled.decide(inputs)

    def require(self, key: str, inputs: Mapping[str, InputValue]) -> Decided:
        """Ask one table where no answer means stop; raise PolicyUndecidable naming the field, PolicyMissing."""
        answer = self.decide(key, inputs)
        if isinstance(answer, Undecidable):
            raise PolicyUndecidable(table=key, field=answer.field, rows=", ".join(answer.rows), version=answer.version)
        return answer


def policy_set(tables: Iterable[Table]) -> PolicySet:
    """Compile tables to a policy set; a later table of the same key replaces an earlier one."""
    return PolicySet({table.key: CompiledTable(table) for table in tables})
