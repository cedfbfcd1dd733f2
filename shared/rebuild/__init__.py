"""Rebuild: state made of events, built anew beside the live one, compared, and swapped."""

from shared.rebuild.comparing import Compared, Difference
from shared.rebuild.projection import Json, Named, Projection, Rebuildable
from shared.rebuild.rebuilding import Rebuilder
from shared.rebuild.records import Phase, Rebuild, Rebuilds

__all__ = [
    "Compared",
    "Difference",
    "Json",
    "Named",
    "Phase",
    "Projection",
    "Rebuild",
    "Rebuildable",
    "Rebuilder",
    "Rebuilds",
]
