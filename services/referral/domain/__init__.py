"""The rules of referring: pure functions and frozen models, no framework, no clock, no I/O.

``lifecycle`` is the table of states; ``referral`` and ``appointments`` change a referral by
it; ``person`` is who someone is; ``disclosure`` says what an asker may see; ``listing`` is
what is known of a service.
"""
