"""Outcomes: what matters to a person, what they aim for, and how it goes.

Owns ``plans``: one document per case with its assessments, needs, goals, measures and
attendance. Consumes referral-created, -accepted, -waitlisted, -declined, -started,
-withdrawn, -completed and -not-completed, and appointment-booked, -attended, -missed and
-cancelled, from referral-events. Publishes assessment-completed, goal-updated and
measure-recorded on outcome-events. What people say in their own words leaves it only by
its API, and only for the team that supports them.
"""
