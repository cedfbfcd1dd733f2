"""Outcomes: what matters to a person, what they aim for, and how it goes.

Owns ``plans``: one document per case with its assessments, needs, goals, measures and
attendance; ``instruments``: every version of each that was installed; ``aliases``: which
records of persons were merged. Consumes from referral-events what ``domain.facts.CHANGING``
lists: where referrals stand, what became of appointments and tries to reach the person, and
person-merged and -unmerged. Publishes assessment-completed, assessment-amended, goal-updated
and measure-recorded on outcome-events. What people say in their own words leaves it only by
its API, and only for the team that supports them.
"""
