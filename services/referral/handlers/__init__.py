"""The use cases of referring, called by the API and by the consumers alike."""

from services.referral.handlers.changing import change
from services.referral.handlers.hearing import note_goal, note_listing
from services.referral.handlers.looking import look_at, look_at_person
from services.referral.handlers.referring import Request, refer

__all__ = [
    "Request",
    "change",
    "look_at",
    "look_at_person",
    "note_goal",
    "note_listing",
    "refer",
]
