"""Everything outcomes keeps, on collections of a test's choosing."""

from collections.abc import Callable
from typing import get_type_hints

from services.outcomes.store import Stores
from shared.store import Collection


def kept(collection: Callable[[str], Collection]) -> Stores:
    """Each store on a collection of its own."""
    stores = get_type_hints(Stores).items()
    return Stores(**{name: store(collection(name)) for name, store in stores})
