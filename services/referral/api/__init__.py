"""The referral service over HTTP: routes, requests, views and status codes."""

from services.referral.api import appointments, referrals

routers = (referrals.router, appointments.router)
