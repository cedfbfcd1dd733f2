"""Asks the owners of facts what no event may say: how a person is reached, and signed links.

What is answered here is used for one attempt and forgotten: contact details are never
stored nor logged.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Protocol, TypeVar
from urllib.parse import urlencode

import httpx
import stamina
import structlog
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SecretStr, ValidationError

from services.notifications.domain.reaching import Reachability
from shared.coalesce import Coalescer
from shared.errors import NotFound, Unavailable
from shared.identity.clients import ClientTokens

log = structlog.get_logger("owners")

_TRIES = 3
_MOST_ASKED = 50
"""As many as the referral API answers for at once."""
_GATHER = 0.01
"""Seconds that a question waits for others, where many are asked."""
_NOT_THERE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.GONE})

M = TypeVar("M", bound=BaseModel)


class OwnerAway(Unavailable):
    """The owner of a fact, or the token issuer, did not answer as agreed; try again later."""


class Link(BaseModel):
    """A signed one-time link, as its owner hands it out."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    url: str = Field(repr=False)
    expires_at: AwareDatetime


class _Reachabilities(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    items: tuple[Reachability, ...]


class LinkOwners(Protocol):
    """Who hands out signed links. Each raises OwnerAway, and NotFound where none is due."""

    async def answer_link(self, referral_id: str, tenant: str) -> Link:
        """The provider answers a referral by it."""

    async def confirm_link(self, service_id: str, tenant: str) -> Link:
        """The provider confirms a service's details by it."""


class Owners:
    """The owners' APIs, called with a service token of the tenant concerned."""

    def __init__(
        self,
        *,
        token_url: str,
        client_id: str,
        client_secret: str,
        referral_url: str,
        directory_url: str,
        timeout: timedelta,
    ) -> None:
        self._tokens = ClientTokens(
            token_url=token_url,
            client_id=client_id,
            client_secret=SecretStr(client_secret),
            timeout=timeout,
        )
        self._referral = referral_url.rstrip("/")
        self._directory = directory_url.rstrip("/")
        self._timeout = timeout.total_seconds()
        self._tls = httpx.create_ssl_context()
        self._reach: Coalescer[tuple[str, str], Reachability] = Coalescer(
            self._reach_all, limit=_MOST_ASKED, gather=_GATHER
        )

    async def reachability(self, person_id: str, tenant: str) -> Reachability:
        """How the person may be reached at this moment.

        Raises OwnerAway, and NotFound where there is no such person (any more).
        """
        return await self._reach((tenant, person_id))

    async def answer_link(self, referral_id: str, tenant: str) -> Link:
        """A link by which the provider answers this referral without an account.

        Raises OwnerAway, and NotFound where the referral awaits no answer any more.
        """
        url = f"{self._referral}/referrals/{referral_id}/answer-links"
        return await self._ask("POST", url, tenant, Link)

    async def confirm_link(self, service_id: str, tenant: str) -> Link:
        """A link by which the provider confirms what the directory says of the service.

        Raises OwnerAway, and NotFound where the service is there no more.
        """
        url = f"{self._directory}/services/{service_id}/confirm-links"
        return await self._ask("POST", url, tenant, Link)

    async def _reach_all(
        self, asked: Sequence[tuple[str, str]]
    ) -> Sequence[Reachability | Exception]:
        """One request for each tenant; what fails for one tenant fails for no other."""
        found: dict[tuple[str, str], Reachability | Exception] = {}
        for tenant in dict.fromkeys(tenant for tenant, _ in asked):
            ids = list(dict.fromkeys(person_id for of, person_id in asked if of == tenant))
            url = f"{self._referral}/reachability?{urlencode([('person_id', id_) for id_ in ids])}"
            try:
                items = (await self._ask("GET", url, tenant, _Reachabilities)).items
            except (OwnerAway, NotFound) as error:
                found |= {(tenant, id_): error for id_ in ids}
                continue
            found |= {(tenant, id_): NotFound("There is no such person.") for id_ in ids}
            found |= {(tenant, each.asked_id): each for each in items}
        return [found[each] for each in asked]

    async def _ask(self, method: str, url: str, tenant: str, model: type[M]) -> M:
        """One answer, tried a few times; 401 once more with a fresh token."""
        async for attempt in stamina.retry_context(
            on=OwnerAway, attempts=_TRIES, timeout=self._timeout, wait_initial=0.1, wait_max=1.0
        ):
            with attempt:
                response = await self._call(method, url, tenant)
        try:
            return model.model_validate_json(response.content)
        except ValidationError:
            # Its text would show what was answered, which may say where someone lives.
            log.error("owner-answer-unreadable", model=model.__name__)  # noqa: TRY400
            raise OwnerAway("An owner's API answered in a way not agreed on.") from None

    async def _call(self, method: str, url: str, tenant: str) -> httpx.Response:
        try:
            token = await self._tokens.token(tenant)
        except Unavailable as error:
            raise OwnerAway(error.detail, error.context) from error
        response = await self._send(method, url, headers={"authorization": f"Bearer {token}"})
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            self._tokens.forget(tenant, token)
        if response.status_code in _NOT_THERE:
            raise NotFound("The owner has no such record, or nothing is due on it.")
        if not response.is_success:
            raise OwnerAway("An owner's API refused or failed.", {"status": response.status_code})
        return response

    async def _send(self, method: str, url: str, **more: Any) -> httpx.Response:
        """Raises OwnerAway where there is no answer at all."""
        try:
            # A client for each call leaves nothing open when its worker is cancelled.
            async with httpx.AsyncClient(
                verify=self._tls, trust_env=False, timeout=self._timeout
            ) as client:
                return await client.request(method, url, **more)
        except (httpx.HTTPError, OSError) as error:
            raise OwnerAway("An owner's API cannot be reached.") from error
