"""Settings from files: ``LINKWAY_MONGO_URI_FILE`` names a file that holds ``LINKWAY_MONGO_URI``.

Docker and Kubernetes hand secrets to a container as files, which, unlike variables, no
process listing, crash report or child process shows.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

_MOST_BYTES = 65_536


class FileSettings(EnvSettingsSource):
    """Reads each setting whose variable with ``_FILE`` at its end is set, as if it were given.

    One line break at the end of the file does not count, as editors and `echo` leave one.
    Raises SettingsError, naming the variable and never the content, where the file cannot be
    read as UTF-8 text of at most 64 KiB, and where the setting is given by its own variable
    as well.
    """

    def __init__(self, settings_cls: type[BaseSettings]) -> None:
        super().__init__(settings_cls)

    def _load_env_vars(self) -> Mapping[str, str | None]:
        prefix = str(self.config.get("env_prefix", ""))
        found: dict[str, str | None] = {}
        for field in self.settings_cls.model_fields:
            variable = f"{prefix}{field}".upper()
            path = os.environ.get(f"{variable}_FILE")
            if path:
                if variable in os.environ:
                    raise SettingsError(f"{variable} and {variable}_FILE are both set: keep one")
                found[f"{prefix}{field}".lower()] = _content(f"{variable}_FILE", Path(path))
        return found


class LinkwaySettings(BaseSettings):
    """What every program of Linkway reads its settings by: ``LINKWAY_`` variables, or files.

    No value is shown where one does not fit.
    """

    model_config = SettingsConfigDict(
        env_prefix="LINKWAY_", frozen=True, extra="ignore", hide_input_in_errors=True
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then variables, then files that variables name."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, FileSettings(settings_cls)


def _content(variable: str, path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        text = content.decode()
    except OSError as error:
        raise SettingsError(f"{variable}: {path} cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{variable}: {path} is not text in UTF-8") from None
    if len(content) > _MOST_BYTES:
        raise SettingsError(f"{variable}: {path} is larger than {_MOST_BYTES} bytes")
    return text.removesuffix("\n").removesuffix("\r")
