"""Which erasures the directory has applied."""

from __future__ import annotations

from shared.events import DirectoryErasureApplied
from shared.store.erasures import AppliedErasures


class Erasures(AppliedErasures):
    """One document per erasure."""

    source = "/linkway/directory"
    fact = DirectoryErasureApplied
