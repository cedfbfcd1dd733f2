"""The directory: community services, who runs them, and how many places they have free.

Owns ``services`` (one document per community service: its listing, the places held in it,
who waits, problems reported), ``organisations`` (practices and providers), ``districts``
(where a postcode lies) and ``unmet`` (what was looked for and not found).
Consumes referral facts: a place is held, used and released, a need is not met. Of its own it
consumes ``organisation-changed``: the services of an organisation that closes are closed.
Publishes ``service-published``, ``service-changed``, ``service-closed``,
``capacity-changed``, ``service-assured``, ``service-assurance-due``,
``service-problem-reported``, ``organisation-changed`` and ``need-unmet`` on
``directory-events``.
"""
