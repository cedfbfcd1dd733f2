"""The directory as the importer sees it: something that takes records in batches."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Literal, Protocol, Self

import httpx
import stamina
from pydantic import BaseModel, ValidationError

from services.console.importing.records import Record

_BUSY = frozenset({429, 502, 503, 504})
_TOO_LARGE = 413
_ATTEMPTS = 6
_LONGEST_WAIT = 30.0

Outcome = Literal["created", "changed", "unchanged", "invalid", "checked"]


class Fault(BaseModel):
    """A field the directory refused."""

    pointer: str
    reason: str


class Result(BaseModel):
    """What became of one record; ``checked`` where nothing was sent."""

    outcome: Outcome
    errors: tuple[Fault, ...] | None = None


class _Results(BaseModel):
    results: list[Result]


class _Problem(BaseModel):
    """A problem document (RFC 9457)."""

    detail: str


class Refused(Exception):
    """The directory did not take a batch; says why in one sentence."""


class Directory(Protocol):
    """Takes up to 500 records of one kind; gives a result for each, in their order."""

    def put(self, path: str, records: Sequence[Record]) -> Sequence[Result]:
        """Send the records to ``path``. Raises Refused."""


class DryRun:
    """A directory that takes everything and keeps nothing."""

    def put(self, path: str, records: Sequence[Record]) -> Sequence[Result]:
        """All of them checked, wherever they would have gone."""
        del path
        return [Result(outcome="checked")] * len(records)


class PublicDirectory:
    """The directory's public API; to be used in a ``with`` block.

    ``trust_env`` off makes it deaf to proxies of the environment.
    """

    def __init__(self, url: str, token: str, *, trust_env: bool = True) -> None:
        self._client = httpx.Client(
            base_url=url,
            headers={"authorization": f"Bearer {token}"},
            timeout=60,
            trust_env=trust_env,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def put(self, path: str, records: Sequence[Record]) -> Sequence[Result]:
        """Send the records, again where the directory is away or busy: a repeat changes nothing."""
        body = [record.model_dump(mode="json", exclude_none=True) for record in records]
        try:
            for attempt in stamina.retry_context(on=_try_again, attempts=_ATTEMPTS):
                with attempt:
                    response = self._client.put(path, json=body).raise_for_status()
            results = _Results.model_validate_json(response.content).results
        except httpx.HTTPStatusError as error:
            if error.response.status_code == _TOO_LARGE and len(records) > 1:
                half = len(records) // 2
                return [*self.put(path, records[:half]), *self.put(path, records[half:])]
            raise Refused(_sentence(error.response)) from error
        except httpx.HTTPError as error:
            raise Refused(f"The directory does not answer ({type(error).__name__}).") from error
        except ValidationError as error:
            raise Refused("The answer is not the directory's: is the address right?") from error
        return results


def _try_again(error: Exception) -> bool | float:
    """Whether to send again, or after how many seconds where the directory says so."""
    if not isinstance(error, httpx.HTTPStatusError):
        return isinstance(error, httpx.TransportError)
    if error.response.status_code not in _BUSY:
        return False
    wait = error.response.headers.get("retry-after", "")
    return min(float(wait), _LONGEST_WAIT) if wait.isdecimal() else True


def _sentence(response: httpx.Response) -> str:
    try:
        said = _Problem.model_validate_json(response.content).detail
    except ValidationError:
        said = response.reason_phrase
    return f"The directory refused with status {response.status_code}: {said}"
