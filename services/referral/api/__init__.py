"""The referral service over HTTP: what is asked, what is answered, and by which route."""

from services.referral.api import (
    answers,
    appointments,
    caseload,
    commands,
    consent,
    contacts,
    erasure,
    export,
    overrides,
    persons,
    privacy,
    referrals,
    retention,
    safeguarding,
    sessions,
)

routers = (
    answers.router,
    persons.router,
    consent.router,
    referrals.router,
    commands.router,
    appointments.router,
    safeguarding.router,
    sessions.router,
    caseload.router,
    contacts.router,
    erasure.router,
    privacy.router,
    export.router,
    retention.router,
    overrides.router,
)
