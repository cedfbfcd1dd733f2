"""The rules of referring: pure functions and frozen models, no framework, no clock, no I/O.

``lifecycle`` and ``meetings`` are the tables of states, ``record`` the words and parts of a
referral; ``referral``, ``questions``, ``pausing``, ``closing``, ``rerouting`` and
``appointments`` change a referral by them; ``sessions`` are a group's meetings and ``places``
what they mean for a referral; ``person`` is who someone is; ``disclosure`` says what an asker
may see; ``listing`` is what is known of a service.
"""
