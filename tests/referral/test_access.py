"""Who may do what to a referral, by what they are to it; expectations are the rule's own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.referral.domain.access import permit, permit_session, relations, sight
from services.referral.domain.lifecycle import Status
from services.referral.domain.policy import Sight
from shared.cause import Actor
from shared.errors import Forbidden, NotFound
from tests.referral.actors import GROUP, NOON, PRACTICE, STRANGER, TEAM, onward
from tests.referral.test_meetings import group

ANSWERING = ("accept", "assign", "waitlist", "decline", "ask", "hold", "resume", "complete")
ASKING = ("withdraw", "answer", "enter-in-error", "reroute", "dismiss-reroute", "follow-up")


def asking(actor: Actor, command: str) -> Actor:
    return replace(actor, operation=f"POST /referrals/{{referral_id}}/{command}")


@pytest.mark.parametrize("command", ANSWERING)
def test_only_the_provider_answers_and_serves(command: str) -> None:
    permit(onward(), asking(GROUP, command))
    with pytest.raises(Forbidden) as refused:
        permit(onward(), asking(TEAM, command))
    assert refused.value.context["allowed_relations"] == ["asked", "serves", "was asked"]
    with pytest.raises(NotFound):
        permit(onward(), asking(STRANGER, command))


@pytest.mark.parametrize("command", ASKING)
def test_only_who_referred_or_holds_the_case_takes_back_answers_and_reroutes(command: str) -> None:
    permit(onward(), asking(TEAM, command))
    worker_of_provider = replace(GROUP, role="link_worker")
    with pytest.raises(Forbidden):
        permit(onward(), asking(worker_of_provider, command))
    with pytest.raises(Forbidden):
        permit(onward(), asking(PRACTICE, command))
    with pytest.raises(NotFound):
        permit(onward(), asking(replace(STRANGER, role="referrer"), command))


def test_a_draft_is_its_writers_alone() -> None:
    draft = onward(Status.DRAFT)
    permit(draft, asking(TEAM, "submit"))
    for other in (PRACTICE, GROUP, Actor("ops", "operations", "team-org", "icb-a")):
        assert not relations(draft, other) - {"wrote the draft"}
        with pytest.raises(NotFound):
            sight(draft, other)


def test_an_actor_that_asks_for_nothing_may_do_nothing() -> None:
    with pytest.raises(Forbidden):
        permit(onward(), GROUP)


def test_a_role_that_has_no_row_is_let_in_nowhere() -> None:
    curator = Actor("c-1", "directory_curator", "team-org", "icb-a")
    with pytest.raises(NotFound):
        sight(onward(), curator)
    with pytest.raises(NotFound):
        permit(onward(), asking(curator, "accept"))


@pytest.mark.parametrize(
    ("actor", "status", "expected"),
    [
        (PRACTICE, "submitted", Sight.ALL),
        (TEAM, "declined", Sight.ALL),
        (GROUP, "submitted", Sight.DECIDING),
        (GROUP, "waitlisted", Sight.DECIDING),
        (GROUP, "accepted", Sight.SERVING),
        (GROUP, "completed", Sight.SERVING),
        (GROUP, "declined", Sight.HAPPENED),
        (GROUP, "withdrawn", Sight.HAPPENED),
        (Actor("ops-1", "operations", "team-org", "icb-a"), "accepted", Sight.HAPPENED),
        (Actor("adm-1", "tenant_admin", "team-org", "icb-a"), "accepted", Sight.HAPPENED),
        (Actor("rep-1", "reporter", "group-org", "icb-a"), "accepted", Sight.HAPPENED),
    ],
)
def test_what_an_asker_sees(actor: Actor, status: str, expected: Sight) -> None:
    assert sight(onward(Status(status)), actor) is expected


def test_a_consent_withdrawn_leaves_the_provider_knowing_that_it_happened() -> None:
    consent = onward().consent.model_copy(update={"withdrawn_at": NOON})
    accepted = onward(Status.ACCEPTED).with_(consent=consent)
    assert sight(accepted, GROUP) is Sight.HAPPENED
    assert sight(accepted, TEAM) is Sight.ALL


def test_a_stranger_does_not_learn_that_a_referral_exists() -> None:
    with pytest.raises(NotFound) as hidden:
        sight(onward(), STRANGER)
    assert hidden.value.detail == "There is no such record."


def test_only_who_holds_a_session_knows_of_it() -> None:
    reading = "GET /sessions/{session_id}"
    permit_session(group(), replace(GROUP, operation=reading))
    with pytest.raises(NotFound):
        permit_session(group(), replace(TEAM, operation=reading))
