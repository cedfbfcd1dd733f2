"""Made-up cases for the bench of reports: their facts, as events, and the cases these come to.

A *story* is what happens in a case; a *place* is where it happens and to whom: practice, team,
provider and the groups it is counted under. The same story is told in several places, since
telling costs more than moving: ``moved(told(facts(story, HOME)), place)`` is the case that
``told(facts(story, place))`` is, which ``filling.compare`` checks on a sample.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, TypeVar, get_args

from services.outcomes.domain import reports
from services.outcomes.domain.change import Comparison, Line
from services.outcomes.domain.reports import Case
from services.outcomes.domain.reports.case import Profile
from services.outcomes.domain.reports.facts import COUNTED_CONTACTS
from shared.events import (
    AdministrativeGender,
    AgeBand,
    AppointmentAttended,
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentMissed,
    AssessmentCompleted,
    CaseProfiled,
    EthnicGroup,
    Event,
    GoalAchievement,
    GoalUpdated,
    NeedUnmet,
    OrganisationChanged,
    ReferralAccepted,
    ReferralCompleted,
    ReferralCreated,
    ReferralDeclined,
    ReferralEvent,
    ReferralFollowedUp,
    ReferralNotCompleted,
    ReferralStarted,
    SourceCode,
)
from shared.events.base import EventActor

TENANT = "bench"
PRACTICES, NETWORKS, PROVIDERS, DISTRICTS = 150, 30, 300, 100
NEEDS = tuple(f"need_{n}" for n in range(30))
UNMET_IN = 20
"""One search that found nothing comes with so many cases."""

_ACTOR = EventActor(role="link_worker", organisation="bench")
_CURRENT = ("ons4.life_satisfaction", "ons4.worthwhile", "ons4.happiness", "ons4.anxiety")
E = TypeVar("E", bound=Event)


@dataclass(frozen=True)
class Where:
    """In which place a story happens, and to someone of which groups."""

    practice: int
    provider: int
    age_band: AgeBand
    sex: AdministrativeGender
    ethnic_group: EthnicGroup
    decile: int

    @property
    def practice_id(self) -> str:
        """Who referred in."""
        return f"practice-{self.practice}"

    @property
    def network_id(self) -> str:
        """The network the practice is part of."""
        return f"pcn-{self.practice % NETWORKS}"

    @property
    def team_id(self) -> str:
        """The team of the network's link workers."""
        return f"team-{self.practice % NETWORKS}"

    @property
    def provider_id(self) -> str:
        """Whom the case was sent on to."""
        return f"provider-{self.provider}"


HOME = Where(0, 0, "65-74", "female", "white", 1)


def anywhere(chance: Random) -> Where:
    """A place, each as likely as the other."""
    return Where(
        chance.randrange(PRACTICES),
        chance.randrange(PROVIDERS),
        chance.choice(get_args(AgeBand)),
        chance.choice(get_args(AdministrativeGender)),
        chance.choice(get_args(EthnicGroup)),
        chance.randint(1, 10),
    )


def facts(name: str, month: str, where: Where) -> Iterator[Event]:
    """One story as events: an intake, mostly accepted, assessed and sent on, with what follows.

    ``name`` is the case's id and what decides the story; the place changes nothing about it.
    """
    chance = Random(f"{name} {month}")
    at = _first(month) + timedelta(hours=chance.randrange(600))
    tell = _Telling(name, where, at)
    yield tell.of(
        ReferralCreated,
        need_codes=tuple(chance.sample(NEEDS, chance.randint(1, 2))),
        source_code=chance.choice(get_args(SourceCode)),
    )
    yield tell.of(
        CaseProfiled,
        age_band=where.age_band,
        sex=where.sex,
        ethnic_group=where.ethnic_group,
        deprivation_decile=where.decile,
    )
    tell.later(chance.randrange(30))
    if chance.random() < 0.08:
        yield tell.of(ReferralDeclined, reason_code=f"reason_{chance.randrange(8)}")
        return
    yield tell.of(ReferralAccepted)
    tell.later(chance.randrange(20))
    yield from _contacts(tell, chance, chance.randint(0, 2))
    if chance.random() < 0.2:
        return
    needs = tuple(chance.sample(NEEDS, chance.randint(1, 3)))
    yield tell.of(AssessmentCompleted, assessment_id=f"{name}-a", need_codes=needs)
    for n in range(chance.randint(0, 2)):
        yield tell.of(
            GoalUpdated,
            goal_id=f"{name}-g{n}",
            change="set",
            lifecycle_status="active",
            achievement_status=chance.choice(get_args(GoalAchievement)),
        )
    yield from _onward(tell, chance)
    if chance.random() < 0.5:
        yield tell.of(ReferralCompleted, outcome_code=f"outcome_{chance.randrange(6)}")


def _onward(tell: _Telling, chance: Random) -> Iterator[Event]:
    if chance.random() < 0.1:
        tell.on("signpost")
        yield tell.of(ReferralCreated)
        yield tell.of(ReferralFollowedUp, outcome_code="attended")
    elif chance.random() < 0.9:
        tell.on("onward")
        yield tell.of(ReferralCreated)
        tell.later(chance.randrange(15))
        if chance.random() < 0.1:
            yield tell.of(ReferralDeclined, reason_code=f"reason_{chance.randrange(8)}")
        else:
            yield tell.of(ReferralAccepted)
            yield tell.of(ReferralStarted)
            yield from _contacts(tell, chance, chance.randint(0, 3))
            ended = chance.random()
            if ended < 0.4:
                yield tell.of(ReferralCompleted, outcome_code=f"outcome_{chance.randrange(6)}")
            elif ended < 0.5:
                yield tell.of(ReferralNotCompleted, reason_code=f"reason_{chance.randrange(8)}")
    tell.on("intake")


def _contacts(tell: _Telling, chance: Random, number: int) -> Iterator[Event]:
    ends: Sequence[tuple[type[Event], dict[str, Any]]] = (
        (AppointmentAttended, {}),
        (AppointmentAttended, {}),
        (AppointmentMissed, {"dna_count": 1}),
        (AppointmentCancelled, {"cancelled_by": "person"}),
    )
    for _ in range(number):
        own = {"appointment_id": f"{tell.referral}-c{tell.seq}"}
        yield tell.of(AppointmentBooked, **own, start=tell.at + timedelta(days=7), mode="telephone")
        tell.later(7)
        event, said = chance.choice(ends)
        yield tell.of(event, **own, **said)


class _Telling:
    """Facts of one case, each with the next number, at a time that goes on."""

    def __init__(self, case: str, where: Where, at: datetime) -> None:
        self._case, self._where, self.at = case, where, at
        self.referral, self._kind, self.seq = case, "intake", 0

    def later(self, days: int) -> None:
        self.at += timedelta(days=days)

    def on(self, kind: str) -> None:
        """From here on facts are of this referral of the case."""
        self._kind = kind
        self.referral = self._case if kind == "intake" else f"{self._case}-{kind}"

    def of(self, event: type[E], **said: Any) -> E:
        self.seq += 1
        where = self._where
        base: dict[str, Any] = {
            "tenant": TENANT,
            "seq": self.seq,
            "occurred_at": self.at,
            "actor": _ACTOR,
            "case_id": self._case,
            "person_id": f"person-of-{self._case}",
            "source_organisation_id": where.practice_id,
            "team_organisation_id": where.team_id,
        }
        if issubclass(event, ReferralEvent):
            base |= {
                "referral_id": self.referral,
                "kind": self._kind,
                "service_id": "service",
                "referrer_organisation_id": where.practice_id,
                "provider_organisation_id": where.team_id
                if self._kind == "intake"
                else where.provider_id,
            }
        return event(**base, **said)


def unmet(name: str, month: str) -> NeedUnmet:
    """A search that found nothing."""
    chance = Random(f"{name} {month}")
    reasons = ("no_service", "too_far", "no_place", "not_suitable")
    return NeedUnmet(
        tenant=TENANT,
        seq=1,
        occurred_at=_first(month) + timedelta(hours=chance.randrange(600)),
        actor=_ACTOR,
        unmet_id=name,
        need_code=chance.choice(NEEDS),
        district=f"ZZ{chance.randrange(DISTRICTS)}",
        reason_code=chance.choice(reasons),
    )


def belonging(practice: int) -> OrganisationChanged:
    """Which network a practice is part of, from before the first case."""
    return OrganisationChanged(
        tenant=TENANT,
        seq=1,
        occurred_at=datetime(2020, 1, 1, tzinfo=UTC),
        actor=_ACTOR,
        organisation_id=f"practice-{practice}",
        kind="practice",
        status="active",
        part_of=f"pcn-{practice % NETWORKS}",
    )


def wellbeing(name: str) -> tuple[Comparison, ...]:
    """Which way it went with a person of four who was measured twice; nothing for the others."""
    chance = Random(f"wellbeing of {name}")
    if chance.random() > 0.25:
        return ()
    lines = tuple(
        Line(
            name=item.partition(".")[2],
            before=5,
            after=5 + by,
            difference=by,
            way="better" if by > 0 else "worse" if by < 0 else "same",
        )
        for item in _CURRENT
        for by in [chance.choice((-1, 0, 1, 2))]
    )
    compared = Comparison(
        instrument="ons4", baseline_id="first", latest_id="last", lines=lines, caveats=()
    )
    return (compared,)


def told(events: Iterator[Event], name: str, network: str) -> Case:
    """The case that these facts come to, by the functions that the consumers call."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    case = Case(tenant=TENANT, case_id=name, changed_at=at)
    for event in events:
        case = _note(case, event)
    compared = wellbeing(name)
    if compared:
        case = reports.note_wellbeing(case, compared, 1)
    return case.model_copy(update={"pcn": network})


def _note(case: Case, event: Event) -> Case:
    match event:
        case CaseProfiled():
            return reports.note_profile(case, event)
        case AssessmentCompleted():
            return reports.note_assessment(case, event)
        case GoalUpdated():
            return reports.note_goal(case, event)
        case _ if isinstance(event, COUNTED_CONTACTS):
            return reports.note_contact(case, event)
        case ReferralEvent():
            return reports.note_referral(case, event)
        case _:
            raise TypeError(f"No story tells of {event.type}.")


def moved(case: Case, where: Where) -> Case:
    """The same story in another place."""
    if case.opening is None or case.profile is None:
        raise ValueError("Only a story that was told is moved.")
    own = {"source_organisation_id": where.practice_id, "team_organisation_id": where.team_id}
    profile = Profile(
        seq=case.profile.seq,
        age_band=where.age_band,
        sex=where.sex,
        ethnic_group=where.ethnic_group,
        deprivation_decile=where.decile,
    )
    by = {True: where.team_id, False: where.provider_id}
    referrals = {
        id_: each.model_copy(update={"provider_organisation_id": by[each.kind == "intake"]})
        for id_, each in case.referrals.items()
    }
    contacts = {
        id_: each.model_copy(
            update={"provider_organisation_id": by[each.referral_id == case.case_id]}
        )
        for id_, each in case.contacts.items()
    }
    return case.model_copy(
        update={
            "opening": case.opening.model_copy(update=own),
            "profile": profile,
            "pcn": where.network_id,
            "referrals": referrals,
            "contacts": contacts,
        }
    )


def _first(month: str) -> datetime:
    return datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC, day=1)
