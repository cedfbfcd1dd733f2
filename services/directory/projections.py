"""Why the directory can build none of its state anew from Kafka."""

from __future__ import annotations

from shared.rebuild import Rebuildable

REBUILDABLE = Rebuildable(
    others={
        "services": "Holds what organisations entered. The places in it follow from facts of "
        "referrals: replaying those puts them right, as an entry only ever moves forward.",
        "organisations": "Loaded from registers; load them again.",
        "districts": "Loaded from registers; load them again.",
        "erasures": "Which erasures were applied; replaying their facts applies them again.",
        "unmet": "Holds needs that people noted, beside those that followed from referrals.",
    }
)
