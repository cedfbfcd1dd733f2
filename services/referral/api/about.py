"""What the documentation of this API says before its routes."""

from __future__ import annotations

DESCRIPTION = """\
Who was referred to what, what became of it, and who the person is: no other service knows.
GP practices refer people in, link-worker teams and community services answer and record who came,
and link workers refer on. Start with `POST /referrals` as a practice (role `referrer`,
organisation `Y90001`), then accept it as the team (role `link_worker`, organisation
`3c1956f4-0fab-500b-96ff-11c021055d23`): the `id` you are given is the case that everything after
it belongs to.
"""

TAGS = {
    "referrals": "A referral's whole life: made, answered, paused, re-routed, closed.",
    "appointments": "Contacts with the person: booked, moved, attended, missed.",
    "sessions": "Group sessions of a community service, their places, and who came.",
    "contacts and notes": "Attempts to reach the person, and an organisation's own notes.",
    "caseload": "Teams, whose case it is, what is to be done today, and the limits worked by.",
    "persons": "Who someone is and how to reach them safely; moves, deaths, duplicates.",
    "emergency access": "Breaking the glass when waiting would harm someone, and who did.",
    "consent": "What the person agreed to share, with whom, and when they took it back.",
    "privacy": "A person's rights over their data: erasure, a copy of it, opting out.",
    "safeguarding": "Concerns for someone's safety, for the lead and the author alone.",
    "answers": "Links by which a service without an account answers a referral.",
}
"""What each group of routes is for, in the order in which a newcomer meets them."""
