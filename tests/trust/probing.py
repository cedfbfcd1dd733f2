"""Asks every operation of a service with made data, in every role, and checks each answer.

The data comes from the service's own OpenAPI document by schemathesis: such as the document
allows, and such as it does not. Half of what is asked is about records that exist.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import hypothesis
import requests
import schemathesis
from hypothesis import HealthCheck, Phase
from schemathesis import Case, GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.core.parameters import ParameterLocation
from schemathesis.core.result import Err
from schemathesis.core.transport import Response
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

SEED = 20_231
CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    ignored_auth,
]
BAD_TOKEN = "not.a.token"
NEEDS_KAFKA = "Kafka"
"""In the detail of a 503 where an operation cannot do without Kafka, which is away here."""

Bearers = Mapping[str, Sequence[str]]
"""By role, a token of each of its organisations."""


@dataclass
class Found:
    """What came of asking one service."""

    cases: int = 0
    operations: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    away: int = 0
    """Answers 503 that only say that Kafka is away."""
    failures: dict[str, str] = field(default_factory=dict)
    """Each kind of failure of each operation once, with what was sent."""

    def told(self) -> str:
        """What there was, in a line."""
        statuses = ", ".join(f"{status}: {n}" for status, n in sorted(self.statuses.items()))
        return (
            f"{self.operations} operations, {self.cases} cases ({statuses}; {self.away} of them "
            f"for want of Kafka), {len(self.failures)} failures"
        )


class Prober:
    """Asks a service that listens at ``base_url`` whatever its contract has."""

    def __init__(
        self,
        contract: Mapping[str, Any],
        base_url: str,
        *,
        bearers: Bearers,
        allowed: Mapping[str, Sequence[str]],
        made: Mapping[str, str],
    ) -> None:
        self.found = Found()
        self._schema = schemathesis.openapi.from_dict(json.loads(json.dumps(contract)))
        self._base_url = base_url
        self._bearers = bearers
        self._allowed = allowed
        self._made = made
        self._session = requests.Session()

    def run(self, cases: int, seed: int = SEED) -> Found:
        """Ask each operation ``cases`` times with right data and half as often with wrong."""
        for result in self._schema.get_all_operations():
            if isinstance(result, Err):
                raise result.err()
            operation = result.ok()
            self.found.operations += 1
            self._ask_all(operation, GenerationMode.POSITIVE, cases, seed)
            self._ask_all(operation, GenerationMode.NEGATIVE, cases // 2, seed)
        self._session.close()
        return self.found

    def _ask_all(
        self,
        operation: APIOperation[Any, Any, Any, Any],
        mode: GenerationMode,
        cases: int,
        seed: int,
    ) -> None:
        name = f"{operation.method.upper()} {operation.path}"
        bearers = self._turns(name, mode)
        real = itertools.cycle((True, False))

        @hypothesis.seed(seed)
        @hypothesis.settings(
            max_examples=cases,
            phases=[Phase.generate],
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: Case[Any]) -> None:
            self._ask(name, case, next(bearers), real=next(real))

        try:
            ask()
        except hypothesis.errors.Unsatisfiable:
            # An operation that takes nothing has nothing that could be wrong.
            if mode is GenerationMode.POSITIVE:
                raise

    def _turns(self, name: str, mode: GenerationMode) -> Iterator[str | None]:
        """With right data no token, a bad one, and every role once; then whoever is let in."""
        if mode is GenerationMode.POSITIVE:
            yield from (None, BAD_TOKEN, *(tokens[0] for tokens in self._bearers.values()))
        let_in = [token for role in self._allowed[name] for token in self._bearers[role]]
        yield from itertools.cycle(let_in or [None])

    def _ask(self, name: str, case: Case[Any], token: str | None, *, real: bool) -> None:
        if real and not _wrong_path(case):
            known = {key: self._made[key] for key in case.path_parameters if key in self._made}
            case.path_parameters = {**case.path_parameters, **known}
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        response = case.call(base_url=self._base_url, session=self._session, headers=headers)
        self.found.cases += 1
        self.found.statuses[response.status_code] += 1
        why = f"{response.status_code} {response.text[:300]}"
        if response.status_code >= 500:
            if response.status_code == 503 and NEEDS_KAFKA in response.text:
                self.found.away += 1
            else:
                self._note(name, "server error", case, why)
        protected = bool(self._allowed[name])
        if token in {None, BAD_TOKEN} and protected and response.status_code < 400:
            self._note(name, "let in without a good token", case, why)
        try:
            case.validate_response(
                Response.from_any(response),
                checks=CHECKS,
                headers=headers,
                transport_kwargs={"base_url": self._base_url, "session": self._session},
            )
        except FailureGroup as group:
            for failure in group.exceptions:
                self._note(name, type(failure).__name__, case, f"{why}\n{failure}")

    def _note(self, name: str, kind: str, case: Case[Any], why: str) -> None:
        self.found.failures.setdefault(f"{name}: {kind}", f"{why}\n{case.as_curl_command()[:1500]}")


def _wrong_path(case: Case[Any]) -> bool:
    return case.meta is not None and case.meta.is_negative_at(ParameterLocation.PATH)
