"""Keys and sealing: what makes a stored field unreadable, and an erased one so for ever.

A person's fields are sealed under a data key of that person's own; data keys are kept
wrapped by a master key, which never leaves its ``KeyService``. Nothing here knows a database.
"""

from shared.vault.blind import BlindIndex
from shared.vault.local import DEVELOPMENT, LocalMasterKeys
from shared.vault.sealing import Opener, Unreadable, is_sealed, new_data_key
from shared.vault.service import KeyRefused, KeyService
from shared.vault.settings import VaultSettings
from shared.vault.transit import TransitMasterKeys

__all__ = [
    "DEVELOPMENT",
    "BlindIndex",
    "KeyRefused",
    "KeyService",
    "LocalMasterKeys",
    "Opener",
    "TransitMasterKeys",
    "Unreadable",
    "VaultSettings",
    "is_sealed",
    "new_data_key",
]
