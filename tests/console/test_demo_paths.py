"""What becomes of people's referrals in the demo."""

from collections import Counter

from services.console.demo.paths import CUT_SHORT, Intake, Onward, Path, plan_paths
from services.console.demo.stage import Milestone, milestones


def ways(paths: list[Path]) -> Counter[tuple[Intake, Onward | None]]:
    return Counter((path.intake, path.onward) for path in paths)


def test_of_200_people_most_are_helped_and_some_take_each_of_the_other_paths() -> None:
    paths = list(plan_paths(200, seed=7))

    assert ways(paths) == {
        (Intake.DECLINED, None): 8,
        (Intake.WITHDRAWN, None): 6,
        (Intake.UNANSWERED, None): 6,
        (Intake.WAITLISTED, Onward.ACCEPTED): 12,
        (Intake.ACCEPTED, Onward.SIGNPOSTED): 16,
        (Intake.ACCEPTED, Onward.DECLINED): 14,
        (Intake.ACCEPTED, Onward.WAITLISTED): 10,
        (Intake.ACCEPTED, Onward.STILL_WAITING): 8,
        (Intake.ACCEPTED, Onward.UNANSWERED): 10,
        (Intake.ACCEPTED, Onward.CLOSED): 8,
        (Intake.ACCEPTED, Onward.WITHDRAWN): 8,
        (Intake.ACCEPTED, Onward.NEVER_CAME): 8,
        (Intake.ACCEPTED, Onward.UNREACHABLE): 6,
        (Intake.ACCEPTED, Onward.CONSENT_WITHDRAWN): 2,
        (Intake.ACCEPTED, Onward.DIED): 2,
        (Intake.ACCEPTED, Onward.IN_GROUP): 12,
        (Intake.ACCEPTED, Onward.ACCEPTED): 64,
    }
    assert sum(path.referred_twice for path in paths) == 12


def test_few_people_take_different_paths_as_well() -> None:
    # Hundredths gone by so far, of 6 people: .24 .42 .6 .96 1.44 1.86 2.16 2.4 2.7 2.94 3.18 3.42
    # 3.6 3.66 3.72 4.08 6, rounded: the fourth share begins the first whole person, and so on.
    assert ways(list(plan_paths(6, seed=7))) == {
        (Intake.UNANSWERED, None): 1,
        (Intake.ACCEPTED, Onward.DECLINED): 1,
        (Intake.ACCEPTED, Onward.UNANSWERED): 1,
        (Intake.ACCEPTED, Onward.UNREACHABLE): 1,
        (Intake.ACCEPTED, Onward.ACCEPTED): 2,
    }


def test_even_one_person_has_a_path_and_is_referred_twice() -> None:
    (path,) = plan_paths(1, seed=1)

    assert path.referred_twice


def test_the_same_seed_gives_the_same_order_and_another_seed_another() -> None:
    assert plan_paths(40, seed=1) == plan_paths(40, seed=1)
    assert plan_paths(40, seed=1) != plan_paths(40, seed=2)


def test_a_case_that_was_never_taken_on_or_was_cut_short_is_not_closed_by_a_link_worker() -> None:
    paths = plan_paths(200, seed=7)

    assert not any(path.case_ends for path in paths if path.onward is None)
    assert not any(path.case_ends for path in paths if path.onward in CUT_SHORT)
    assert 0 < sum(path.case_ends for path in paths) < 176


def test_each_way_is_said_in_words_of_its_own() -> None:
    said = [each.value for each in (*Intake, *Onward)]

    assert len(set(said)) == len(said)


def test_progress_expects_only_those_whose_path_leads_there() -> None:
    # 8 declined, 6 withdrawn and 6 unanswered never meet; 16 are given information only. Those
    # who come back: 6 and 10 unanswered, 8 whose service closed, 8 still waiting, 16 informed.
    assert milestones(plan_paths(200, seed=7)) == {
        Milestone.REFERRED: 200,
        Milestone.MET: 180,
        Milestone.REFERRED_ON: 164,
        Milestone.ENDED: 200,
        Milestone.CAME_BACK: 48,
    }
