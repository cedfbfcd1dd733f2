"""What all journeys of a run share, and the milestones their progress is shown by."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from services.console.demo.api import Api
from services.console.demo.ledger import Ledger
from services.console.demo.paths import Onward, Path
from services.console.demo.subscribers import Subscribers
from services.console.demo.world import World


class Milestone(StrEnum):
    """What progress is shown by, in the order it is reached."""

    REFERRED = "Referred by a practice"
    MET = "Met a link worker, goals agreed"
    REFERRED_ON = "Referred on to a community service"
    ENDED = "Journeys played, or waiting for weeks to pass"
    CAME_BACK = "Weeks later: nobody lost from sight"


Reached = Callable[[Milestone], None]


@dataclass(frozen=True, slots=True)
class Stage:
    """What all journeys of a run share."""

    world: World
    api: Api
    subscribers: Subscribers
    ledger: Ledger
    reached: Reached


def milestones(paths: Sequence[Path]) -> Mapping[Milestone, int]:
    """How many people are to reach each milestone."""
    met = [path for path in paths if path.onward is not None]
    onward = [path for path in met if path.onward is not Onward.SIGNPOSTED]
    return {
        Milestone.REFERRED: len(paths),
        Milestone.MET: len(met),
        Milestone.REFERRED_ON: len(onward),
        Milestone.ENDED: len(paths),
        Milestone.CAME_BACK: sum(path.comes_back for path in paths),
    }
