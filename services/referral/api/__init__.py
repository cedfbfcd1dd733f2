"""The referral service over HTTP: what is asked, what is answered, and by which route."""

from services.referral.api import appointments, commands, referrals

routers = (referrals.router, commands.router, appointments.router)
