"""The description of the API: kept in the repository, complete, and true for whatever is sent."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tools.dump_openapi import description

from purveyor.core.access import Permission
from tests.web.api_world import specification


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation) for path, methods in specification()["paths"].items() for method, operation in methods.items()
    ]


def test_the_description_in_the_repository_is_what_the_application_says() -> None:
    assert json.loads(description()) == specification(), "run `python -m tools.dump_openapi` and look at what changed"


@pytest.mark.parametrize(("path", "method", "operation"), operations(), ids=lambda value: value if isinstance(value, str) else "")
def test_every_operation_says_who_may_call_it_and_what_it_may_answer(path: str, method: str, operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert operation["description"]
    assert operation["x-interface-id"] == f"purveyor.v1.{operation['operationId']}"
    assert [Permission(scope) for scope in operation["x-scopes"]]
    assert operation["x-slo"]
    assert path.startswith("/v1/")
    problems = {
        status for status, answer in operation["responses"].items() if "application/problem+json" in answer.get("content", {})
    }
    assert {"400", "401", "403", "404", "422", "429", "503"} <= problems
    if method == "post":
        required = [parameter["name"].lower() for parameter in operation["parameters"] if parameter["required"]]
        assert "idempotency-key" in required
        assert {"409", "413"} <= problems
        assert ("if-match" in required) == ({"412", "428"} <= problems)


def test_no_two_operations_have_one_name() -> None:
    names = [operation["operationId"] for _, _, operation in operations()]

    assert len(names) == len(set(names)) > 30
