"""What a service that seals reads from its environment."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator

from shared.settings import ServiceSettings
from shared.vault.blind import BlindIndex
from shared.vault.local import LocalMasterKeys
from shared.vault.service import KeyService
from shared.vault.transit import TransitMasterKeys

DEVELOPMENT_INDEX_KEY = "known-to-everyone-and-so-never-for-production"
_SHORTEST = 32
"""Characters of an index key: as many as the bytes of SHA-256 (RFC 2104 §3)."""


class VaultSettings(ServiceSettings):
    """Where the master key is, and the key of blind indexes."""

    master_keys_file: Path | None = Field(
        None,
        description="A file of master keys, as `linkway keys new-master` makes it. Without it and "
        "without `transit_url`, a key that everyone knows is used, which production refuses.",
    )
    transit_url: str | None = Field(
        None,
        pattern=r"^https?://[^\s?#]+$",
        description="A HashiCorp Vault or OpenBao server, whose transit engine then holds the "
        "master key. `https://` in production.",
    )
    transit_mount: str = Field("transit", min_length=1, description="Where the engine is mounted.")
    transit_key: str = Field("linkway", min_length=1, description="The name of the key there.")
    transit_namespace: str | None = Field(None, description="The namespace, if there is one.")
    transit_token: SecretStr | None = Field(None, description="The token to ask it with.")
    transit_token_file: Path | None = Field(
        None, description="A file that holds the token, read at each use: an agent may renew it."
    )
    index_key: SecretStr = Field(
        SecretStr(DEVELOPMENT_INDEX_KEY),
        description="The key of blind indexes, 32 characters or more. It stays the same for as "
        "long as there are records; production must state its own.",
    )
    data_key_seconds: float = Field(
        60,
        ge=0,
        description="For how long an unwrapped data key stays in memory: an erasure by another "
        "process reaches this one within it.",
    )
    data_keys_held: int = Field(
        10_000, ge=1, description="How many unwrapped data keys stay in memory at most."
    )

    @property
    def blind_index(self) -> BlindIndex:
        """The index by which records are found."""
        return BlindIndex(self.index_key.get_secret_value())

    def master_keys(self) -> KeyService:
        """The master key's keeper. Raises ValueError for a file that is not one of keys."""
        if self.transit_url is not None:
            return TransitMasterKeys(
                self.transit_url,
                self.transit_key,
                self._transit_token,
                mount=self.transit_mount,
                namespace=self.transit_namespace,
            )
        if self.master_keys_file is not None:
            return LocalMasterKeys.read(self.master_keys_file)
        return LocalMasterKeys.development()

    def _transit_token(self) -> str:
        if self.transit_token_file is not None:
            return self.transit_token_file.read_text().strip()
        return self.transit_token.get_secret_value() if self.transit_token else ""

    @model_validator(mode="after")
    def _keys_fit_for_production(self) -> Self:
        index_key = self.index_key.get_secret_value()
        if len(index_key) < _SHORTEST:
            raise ValueError(f"index_key must have {_SHORTEST} characters or more")
        if self.transit_url and not (self.transit_token or self.transit_token_file):
            raise ValueError("transit_url needs transit_token or transit_token_file")
        if self.transit_url and self.master_keys_file:
            raise ValueError("state transit_url or master_keys_file, not both")
        if not self.is_production:
            return self
        if self.transit_url is None and self.master_keys_file is None:
            raise ValueError("the development master key must not be used in production")
        if self.transit_url and not self.transit_url.startswith("https://"):
            raise ValueError("transit_url must begin with https:// in production")
        if index_key == DEVELOPMENT_INDEX_KEY:
            raise ValueError("index_key must be stated in production")
        return self
