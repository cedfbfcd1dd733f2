"""Who read and wrote what about whom: lines that can only be added, each chained to the last.

``trail`` notes what a request touches, ``journal`` writes it down before the answer goes
out or the record changes, ``chain`` finds a line that was altered or taken away.
Routes that do something worth a line of its own call ``record``.
"""

from shared.audit.lines import DEFAULT_PURPOSE, PURPOSES, Entry, Who
from shared.audit.trail import Trail, acting, current_trail, record

__all__ = [
    "DEFAULT_PURPOSE",
    "PURPOSES",
    "Entry",
    "Trail",
    "Who",
    "acting",
    "current_trail",
    "record",
]
