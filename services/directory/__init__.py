"""The directory: community services, who runs them, and how many places they have free.

Owns ``services`` (one document per community service, its held places inside it),
``organisations`` (practices and providers) and ``districts`` (where a postcode lies).
Consumes referral facts: a place is held, used and released.
Publishes ``service-published``, ``service-changed``, ``service-closed`` and
``capacity-changed`` on ``directory-events``.
"""
