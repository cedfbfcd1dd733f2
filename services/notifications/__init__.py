"""Notifications: tells organisations and persons what happened, each in the way they asked.

Owns: subscriptions (what an organisation wants to hear, and where), deliveries (one message
to one recipient), person messages (one piece of news for one person, without contact
details), marks of persons who have died, and messages back to practices. Consumes: every
fact of referral-events, outcome-events and directory-events, and its own about deliveries.
Publishes: notification-delivered, -failed and -suppressed, message-back-sent, -acknowledged
and -failed on notification-events. Asks the referral API how a person may be reached, and
the owners for signed links, anew at each attempt.
"""
