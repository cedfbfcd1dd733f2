"""Everything outcomes keeps, on collections of a test's choosing."""

from collections.abc import Callable
from typing import get_type_hints

from services.outcomes.store import Stores
from shared.store import Collection, DataKeys
from shared.vault import BlindIndex, LocalMasterKeys


def kept(collection: Callable[[str], Collection]) -> Stores:
    """Each store on a collection of its own."""
    keys = DataKeys(
        collection("person_keys"), LocalMasterKeys.development(), BlindIndex("of no use here")
    )
    stores = {
        name: store(collection(name), *([keys] if store.seals else ()))
        for name, store in get_type_hints(Stores).items()
        if store is not DataKeys
    }
    return Stores(**stores, person_keys=keys)
