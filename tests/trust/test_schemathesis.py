"""Whatever is sent, by whomever: no server error, and no answer that the contract does not have.

A small budget with a fixed seed; ``python -m tests.trust.schemathesis_run`` asks far more.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shared.devissuer import DevIssuer
from tests.trust.served import SERVICES, probe

CASES = 16
"""Of each operation with right data: no token, a bad one, each role, and some let in again."""


@pytest.mark.timeout(900)
# The service runs beside it: its workers spread their retries by the common generator, as Kafka's
# client does, and Hypothesis takes that for a strategy's doing when both fall together.
@pytest.mark.filterwarnings(
    "ignore:Do not use the `random` module:hypothesis.errors.HypothesisDeprecationWarning"
)
@pytest.mark.parametrize("service", SERVICES)
async def test_every_operation_keeps_its_contract_whatever_it_is_sent(
    service: str,
    service_env: Callable[[str], dict[str, str]],
    issuer: DevIssuer,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    for name, value in service_env(service).items():
        monkeypatch.setenv(name, value)
    found = await probe(service, issuer, CASES)
    record_property(f"schemathesis, {service}", found.told())
    assert not found.failures, "\n\n".join(f"{k}\n{v}" for k, v in found.failures.items())
    assert found.statuses[200] + found.statuses[201]
