"""The use cases of referring, called by the API and by the consumers alike."""

from services.referral.handlers.answering import (
    answer_by_link,
    look_by_link,
    make_link,
    read_expired,
)
from services.referral.handlers.arranging import (
    put_retention,
    put_rules,
    retention_of,
    rules_of,
)
from services.referral.handlers.caseload import (
    Handover,
    accept,
    assign,
    hand_over,
    put_worker,
    team_of,
)
from services.referral.handlers.changing import change, change_by_fact, ring
from services.referral.handlers.consent import (
    after_consent_withdrawn,
)
from services.referral.handlers.erasing import (
    after_erased,
    decide_erasure,
    list_erasures,
    note_applied,
    read_erasure,
    request_erasure,
)
from services.referral.handlers.exporting import Export, export_person
from services.referral.handlers.hearing import note_goal, note_listing
from services.referral.handlers.keeping_in_touch import (
    contact_log,
    log_contact,
    notes_of,
    write_note,
)
from services.referral.handlers.looking import (
    Seen,
    among,
    look_at,
    look_at_all,
    look_at_person,
)
from services.referral.handlers.merging import (
    after_merged,
    after_unmerged,
    candidates_for,
    candidates_of,
    list_duplicates,
    merge,
    note_duplicates,
    tell_apart,
    unmerge,
)
from services.referral.handlers.overriding import (
    break_glass,
    overrides_of,
    review_override,
)
from services.referral.handlers.persons import (
    PersonCommand,
    after_death,
    after_death_revoked,
    after_move,
    after_opt_out,
    change_person,
    choose_opt_out,
    why_silent,
)
from services.referral.handlers.referring import Request, refer, submit
from services.referral.handlers.rerouting import NewRoute, note_referral_made, reroute
from services.referral.handlers.retaining import erase_past, past_their_time
from services.referral.handlers.safeguarding import (
    alerts,
    close_concern,
    raise_concern,
    read_concern,
)
from services.referral.handlers.sessions import (
    SessionChange,
    change_places,
    change_session,
    give_place_back,
    schedule,
    take_place,
    visible_places,
)
from services.referral.handlers.sessions import follow as follow_session
from services.referral.handlers.watching import (
    watch_concerns,
)
from services.referral.handlers.worklist import Item, todo

__all__ = [
    "Export",
    "Handover",
    "Item",
    "NewRoute",
    "PersonCommand",
    "Request",
    "Seen",
    "SessionChange",
    "accept",
    "after_consent_withdrawn",
    "after_death",
    "after_death_revoked",
    "after_erased",
    "after_merged",
    "after_move",
    "after_opt_out",
    "after_unmerged",
    "alerts",
    "among",
    "answer_by_link",
    "assign",
    "break_glass",
    "candidates_for",
    "candidates_of",
    "change",
    "change_by_fact",
    "change_person",
    "change_places",
    "change_session",
    "choose_opt_out",
    "close_concern",
    "contact_log",
    "decide_erasure",
    "erase_past",
    "export_person",
    "follow_session",
    "give_place_back",
    "hand_over",
    "list_duplicates",
    "list_erasures",
    "log_contact",
    "look_at",
    "look_at_all",
    "look_at_person",
    "look_by_link",
    "make_link",
    "merge",
    "note_applied",
    "note_duplicates",
    "note_goal",
    "note_listing",
    "note_referral_made",
    "notes_of",
    "overrides_of",
    "past_their_time",
    "put_retention",
    "put_rules",
    "put_worker",
    "raise_concern",
    "read_concern",
    "read_erasure",
    "read_expired",
    "refer",
    "request_erasure",
    "reroute",
    "retention_of",
    "review_override",
    "ring",
    "rules_of",
    "schedule",
    "submit",
    "take_place",
    "team_of",
    "tell_apart",
    "todo",
    "unmerge",
    "visible_places",
    "watch_concerns",
    "why_silent",
    "write_note",
]
