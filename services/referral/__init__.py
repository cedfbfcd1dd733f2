"""Referrals: who was referred to what, and what became of it.

Owns ``referrals`` (one document per referral, its appointments inside it), ``persons``
(one document per person: the only place that knows who someone is) and ``listings``
(what this service has heard of the directory's services).

Consumes ``goal-updated``, ``service-published``, ``service-changed``, ``service-closed``.

Publishes ``referral-…`` and ``appointment-…`` on ``referral-events``.
"""
