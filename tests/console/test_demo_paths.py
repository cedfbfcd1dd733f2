"""What becomes of people's referrals in the demo."""

from collections import Counter

from services.console.demo.paths import Intake, Onward, Path, plan_paths
from services.console.demo.stage import Milestone, milestones


def ways(paths: list[Path]) -> Counter[tuple[Intake, Onward | None]]:
    return Counter((path.intake, path.onward) for path in paths)


def test_of_200_people_most_are_helped_and_some_take_each_of_the_other_paths() -> None:
    paths = list(plan_paths(200, seed=7))

    assert ways(paths) == {
        (Intake.DECLINED, None): 10,
        (Intake.WITHDRAWN, None): 6,
        (Intake.WAITLISTED, Onward.ACCEPTED): 14,
        (Intake.ACCEPTED, Onward.SIGNPOSTED): 16,
        (Intake.ACCEPTED, Onward.DECLINED): 20,
        (Intake.ACCEPTED, Onward.WAITLISTED): 16,
        (Intake.ACCEPTED, Onward.WITHDRAWN): 10,
        (Intake.ACCEPTED, Onward.ACCEPTED): 108,
    }
    assert sum(path.referred_twice for path in paths) == 12


def test_few_people_take_different_paths_as_well() -> None:
    # Hundredths gone by so far, of 6 people: .3 .48 .9 1.38 1.98 2.46 2.76 6, rounded.
    assert ways(list(plan_paths(6, seed=7))) == {
        (Intake.WAITLISTED, Onward.ACCEPTED): 1,
        (Intake.ACCEPTED, Onward.DECLINED): 1,
        (Intake.ACCEPTED, Onward.WITHDRAWN): 1,
        (Intake.ACCEPTED, Onward.ACCEPTED): 3,
    }


def test_even_one_person_has_a_path_and_is_referred_twice() -> None:
    (path,) = plan_paths(1, seed=1)

    assert (path.intake, path.onward, path.referred_twice) == (
        Intake.ACCEPTED,
        Onward.ACCEPTED,
        True,
    )


def test_the_same_seed_gives_the_same_order_and_another_seed_another() -> None:
    assert plan_paths(40, seed=1) == plan_paths(40, seed=1)
    assert plan_paths(40, seed=1) != plan_paths(40, seed=2)


def test_a_case_that_was_never_taken_on_is_not_closed_by_a_link_worker() -> None:
    paths = plan_paths(200, seed=7)

    assert not any(path.case_ends for path in paths if path.onward is None)
    assert 0 < sum(path.case_ends for path in paths) < 184


def test_progress_expects_only_those_whose_path_leads_there() -> None:
    assert milestones(plan_paths(200, seed=7)) == {
        Milestone.REFERRED: 200,
        Milestone.MET: 184,
        Milestone.REFERRED_ON: 168,
        Milestone.ENDED: 200,
    }
