"""What the documentation of this API says before its routes."""

from __future__ import annotations

DESCRIPTION = """\
What matters to a person, what they aim for, how it goes, and what that adds up to.
Link workers assess, agree goals and record measures; practices see how far a case has come; and
reporters read figures that are safe to publish. Start with `GET /plans` as a link worker (role
`link_worker`, organisation `3c1956f4-0fab-500b-96ff-11c021055d23`): a plan is there a moment after
its intake was made, under the same id.
"""

TAGS = {
    "plans": "A case's plan, and a team's plans.",
    "assessments": "What matters to the person: begun, completed, put right.",
    "goals": "Goals in the person's own words, and how near they are.",
    "measures": "Wellbeing instruments and their answers.",
    "privacy": "A copy of what a person said and aimed for, for that person.",
    "reports": "Figures across practices, teams and providers, small numbers left out.",
}
"""What each group of routes is for, in the order in which a newcomer meets them."""
