"""Repair: dead letters found, replayed or discarded, in order and never twice.

See ``letter`` for what a letter is and which failures hold back later events of a key.
"""

from shared.repair.letter import Letter, LetterStatus, holds_back, lane_of
from shared.repair.letters import Chosen, Letters, Tally, Waiting
from shared.repair.masking import masked, shown_headers, unmasked
from shared.repair.mending import Mended, Mender
from shared.repair.runs import Foreseen, Repair, Run, RunKind, Runs
from shared.repair.shelf import MOST_WAITING, LetterShelf

__all__ = [
    "MOST_WAITING",
    "Chosen",
    "Foreseen",
    "Letter",
    "LetterShelf",
    "LetterStatus",
    "Letters",
    "Mended",
    "Mender",
    "Repair",
    "Run",
    "RunKind",
    "Runs",
    "Tally",
    "Waiting",
    "holds_back",
    "lane_of",
    "masked",
    "shown_headers",
    "unmasked",
]
