"""Notes: one document each, so that a long story makes no referral heavy."""

from __future__ import annotations

from collections.abc import Sequence

from services.referral.domain.notes import Note
from shared.store import Index, Store


class Notes(Store[Note]):
    """What workers wrote; publishes nothing."""

    model = Note
    indexes = (
        Index(
            "by_referral",
            (
                ("tenant", 1),
                ("state.referral_id", 1),
                ("state.organisation_id", 1),
                ("created_at", -1),
                ("_id", -1),
            ),
        ),
    )
    listed = False

    def about(self, state: Note) -> Sequence[str]:
        """The referral it is about; whose that is, the referral says."""
        return [state.referral_id]
