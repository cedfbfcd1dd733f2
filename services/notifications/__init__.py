"""Notifications: tells organisations what happened, by signed webhook or e-mail.

Owns: subscriptions (what an organisation wants to hear, and where) and deliveries (one
message to one recipient). Consumes: every fact of referral-events, outcome-events and
directory-events. Publishes: notification-delivered and notification-failed on
notification-events.
"""
