"""Referrals: who was referred to what, and what became of it.

Owns ``referrals`` (one document per referral, its appointments inside it), ``persons``
(one document per person: the only place that knows who someone is), ``sessions`` (one
document per meeting of a group, its places inside it) and ``listings`` (what this service has
heard of the directory's services).

Consumes ``goal-updated``, ``service-published``, ``service-changed``, ``service-closed``, and its
own facts where one record's change leads to another's.

Publishes ``referral-…``, ``appointment-…`` and ``session-…`` on ``referral-events``.
"""
