"""A death, or a consent withdrawn, in the same instant as a new referral is made."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from services.referral import handlers
from shared.events import ConsentWithdrawn, PersonDeceased
from tests.referral.conftest import TENANT, Referring
from tests.referral.people import heard, said, status_of
from tests.referral.test_api_rerouting import accepted_case, made_event, post, refer_on

Follow = Callable[[], Awaitable[None]]


async def dies(referring: Referring, person_id: str) -> Follow:
    """The death is written; what is answered follows its fact."""
    dead = await post(referring, f"/persons/{person_id}/deceased", referring.team)
    assert dead.status_code == 200, dead.text
    fact = PersonDeceased(**said(person_id))
    return lambda: handlers.after_death(referring.stores, fact, heard())


async def takes_back(referring: Referring, person_id: str) -> Follow:
    """Consent is withdrawn; what is answered follows its fact."""
    withdrawn = await post(
        referring, f"/persons/{person_id}/consent/withdraw", referring.team, {"method": "verbal"}
    )
    assert withdrawn.status_code == 201, withdrawn.text
    fact = ConsentWithdrawn(**said(person_id), recipient_organisation_ids=())
    return lambda: handlers.after_consent_withdrawn(referring.stores, fact, heard())


NEWS = pytest.mark.parametrize(
    ("news", "reason"), [(dies, "deceased"), (takes_back, "consent_withdrawn")]
)


def before_insert(
    referring: Referring, monkeypatch: pytest.MonkeyPatch, act: Callable[[], Awaitable[None]]
) -> None:
    """Between a referral's checks and its write, this happens, once."""
    insert = referring.stores.referrals.insert
    waiting = [act]

    async def late(*given: Any, **named: Any) -> Any:
        if waiting:
            await waiting.pop()()
        return await insert(*given, **named)

    monkeypatch.setattr(referring.stores.referrals, "insert", late)


async def follow_made(referring: Referring, referral_id: str) -> None:
    event = await made_event(referring, referral_id)
    await handlers.note_referral_made(referring.stores, event, heard())


@NEWS
async def test_the_news_is_written_and_followed_before_the_referral_is(
    referring: Referring, monkeypatch: pytest.MonkeyPatch, news: Any, reason: str
) -> None:
    case = await accepted_case(referring)

    async def first() -> None:
        follow = await news(referring, case["person_id"])
        await follow()

    before_insert(referring, monkeypatch, first)
    made = (await refer_on(referring, case)).json()
    assert await status_of(referring, made["id"]) == ("submitted", None), "nobody saw it yet"
    await follow_made(referring, made["id"])
    assert await status_of(referring, made["id"]) == ("withdrawn", reason)


@NEWS
@pytest.mark.parametrize("made_first", [True, False])
async def test_the_referral_is_written_before_the_news(
    referring: Referring, news: Any, reason: str, *, made_first: bool
) -> None:
    case = await accepted_case(referring)
    made = (await refer_on(referring, case)).json()
    follow = await news(referring, case["person_id"])
    for fact_of_referral in (made_first, not made_first):
        if fact_of_referral:
            await follow_made(referring, made["id"])
        else:
            await follow()
        assert await status_of(referring, made["id"]) == ("withdrawn", reason), "by either alone"
    saved = await referring.stores.referrals.get(made["id"], TENANT)
    assert [line.type for line in saved.history].count("referral-withdrawn") == 1


@NEWS
async def test_a_draft_made_in_that_instant_ends_without_any_fact_of_it(
    referring: Referring, monkeypatch: pytest.MonkeyPatch, news: Any, reason: str
) -> None:
    known = (await referring.refer()).json()

    async def first() -> None:
        await (await news(referring, known["person_id"]))()

    before_insert(referring, monkeypatch, first)
    draft = await referring.refer(
        person=None, person_id=known["person_id"], draft=True, override_reason="Once more."
    )
    assert await status_of(referring, draft.json()["id"]) == ("withdrawn", reason)


async def test_consent_given_after_the_withdrawal_stands(referring: Referring) -> None:
    case = await accepted_case(referring)
    follow = await takes_back(referring, case["person_id"])
    made = (await refer_on(referring, case)).json()
    await follow_made(referring, made["id"])
    await follow()
    assert await status_of(referring, made["id"]) == ("submitted", None)
