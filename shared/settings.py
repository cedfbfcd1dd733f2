"""What every service reads from its environment; each variable is named ``LINKWAY_<FIELD>``.

``LINKWAY_<FIELD>_FILE`` names a file that holds the value instead.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import parse_qsl, urlsplit

from pydantic import BeforeValidator, Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode

from shared.buckets import Limit, Rate
from shared.identity.claims import ClaimsMap
from shared.identity.issuers import (
    Claims,
    Issuers,
    Successions,
    TrustedIssuer,
    from_json_or_file,
)
from shared.kafkasettings import UNLESS_ENCRYPTED, KafkaSettings

DEVELOPMENT_ISSUER = "https://issuer.linkway.example/dev"
"""Signs tokens for anyone who asks: for demonstrations and tests, never in production."""

DEVELOPMENT_LINK_KEY = "known-to-everyone-and-so-never-for-production"
"""Signs links where no key is given; anyone who reads this could make some."""

_SHORTEST_LINK_KEY = 32
"""Characters of a link key: as many as the bytes of the SHA-256 it is used with (RFC 2104 §3)."""


def _service_name(validated: dict[str, Any]) -> str:
    return str(validated["service"])


class ServiceSettings(KafkaSettings):
    """Settings shared by all services; a service's own class names it and adds to these.

    Raises pydantic's ValidationError, naming each field but no value, when one is missing
    or does not fit.
    """

    mongo_uri: SecretStr = Field(
        description="MongoDB connection string of a replica set; may hold the password."
    )
    mongo_database: str = Field(
        default_factory=_service_name,
        min_length=1,
        description="This service's own database. Default: the service's name.",
    )
    mongo_ca_file: str | None = Field(
        None,
        description="File of the authorities that MongoDB's certificate may come from (PEM); "
        "turns TLS on. Without it, TLS is for the connection string to ask for.",
    )
    mongo_certificate_file: str | None = Field(
        None, description="This service's own certificate and key in one file, for MongoDB (PEM)."
    )
    jwks: str = Field(
        min_length=1,
        description="The token issuer's public keys: an `https://` URL or the path of a file.",
    )
    issuer: str = Field(min_length=1, description="The `iss` that bearer tokens must carry.")
    audience: str = Field(
        "linkway", min_length=1, description="The `aud` that bearer tokens must carry."
    )
    claims: Claims = Field(
        ClaimsMap(),
        description="How that issuer's claims say who acts: JSON, or the path of a file of it, "
        "such as those in `deploy/identity`. By default flat claims: `role`, `organisation`, "
        "`tenant`.",
    )
    issuers: Issuers = Field(
        (),
        description="Further trusted issuers: a JSON list, or the path of a file of it, of "
        "`issuer`, `jwks`, `audience`, `algorithms`, `subject_prefix` and `claims` (a mapping, or "
        "its path from that file).",
    )
    tenant_successions: Successions = Field(
        default_factory=dict,
        description="Tenants that another now stands in the place of: JSON, or the path of a "
        'file of it: `{"icb-a": {"successor": "icb-ab", "from": "2026-04-01"}}`.',
    )
    rate_partner: Limit = Field(
        Rate(20, 100),
        description="How often a partner's client may ask in each tenant: requests a second and "
        "at once, or `off`. Each process counts for itself.",
    )
    rate_clients: Annotated[dict[str, Limit], NoDecode, BeforeValidator(from_json_or_file)] = Field(
        default_factory=dict,
        description="Clients with limits of their own: JSON, or the path of a file of it: "
        '`{"example-partner": "50/200"}`.',
    )
    rate_person: Limit = Field(
        Rate(200, 2_000), description="How often one person may ask, through any client."
    )
    rate_tenant: Limit = Field(
        Rate(2_000, 10_000), description="How often all of one tenant may ask together."
    )
    rate_refused: Limit = Field(
        Rate(20, 500),
        description="How many requests without a good token one address may send before it is "
        "asked to wait. Behind a load balancer, have uvicorn trust its X-Forwarded-For.",
    )
    rate_exempt_roles: tuple[str, ...] = Field(
        ("service",), description="Roles that no limit holds for: the services' own."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="The least serious log line that is written."
    )
    otlp_endpoint: str | None = Field(
        None,
        pattern=r"^https?://",
        description="OTLP/HTTP collector for traces, such as `http://collector:4318/v1/traces`. "
        "Without it no span is exported; trace ids still travel.",
    )
    trace_ratio: float = Field(
        0.0, ge=0, le=1, description="Share of new traces that are recorded, 0 to 1."
    )
    max_body_bytes: int = Field(
        65_536, ge=1, description="Largest request body accepted, in bytes."
    )
    max_json_depth: int = Field(
        32, ge=1, description="Deepest nesting of a JSON body accepted, in levels."
    )
    max_json_values: int = Field(
        10_000,
        ge=1,
        description="Most values of a JSON body accepted: members of objects, items of lists.",
    )
    request_seconds: float = Field(
        30.0,
        gt=0,
        description="Time for a request to arrive and its answer to begin, in seconds.",
    )
    ops_sample_seconds: float = Field(
        3.0,
        gt=0,
        description="How often a service looks how far its consumers are; ten looks make the "
        "window by which they are judged.",
    )
    ops_reconcile_seconds: float = Field(
        300.0,
        gt=0,
        description="How often a service compares what it accepted, published and applied.",
    )
    graceful_seconds: float = Field(
        15.0,
        gt=0,
        description="Time for work in hand at shutdown, in seconds; less than the platform's.",
    )

    audit_daybook: Path | None = Field(
        None,
        description="Folder on a disk of this machine for the audit's lines of readings: they are "
        "safe there before anything is shown, and in the database a moment later. It must outlive "
        "the process. Unless set, each reading waits for the database.",
    )
    audit_anchor_seconds: float = Field(
        15.0,
        gt=0,
        description="How often the end of the audit's chain is told on the topic `audit-anchors`, "
        "in seconds: lines younger than that could be cut off unnoticed.",
    )
    serve_docs: bool | None = Field(
        None,
        description="Serves `/docs`, the contract for people to read and try. Unless set: not in "
        "production, where `/openapi.json` and `/asyncapi` are served all the same.",
    )
    test_clock: bool = Field(
        False,
        description="Serves `POST /test-clock`, which moves this service's time forward, so that "
        "a demonstration need not wait for weeks. Refused in production.",
    )

    @property
    def shows_docs(self) -> bool:
        """Whether `/docs` is served."""
        return not self.is_production if self.serve_docs is None else self.serve_docs

    @property
    def trusted_issuers(self) -> tuple[TrustedIssuer, ...]:
        """Every issuer whose tokens count."""
        own = TrustedIssuer(
            issuer=self.issuer, jwks=self.jwks, audience=self.audience, claims=self.claims
        )
        return (own, *self.issuers)

    @model_validator(mode="after")
    def _issuers_apart(self) -> Self:
        names = [each.issuer for each in self.trusted_issuers]
        if len(names) != len(set(names)):
            raise ValueError("each trusted issuer must be stated once")
        prefixes = [each.subject_prefix for each in self.trusted_issuers]
        if len(prefixes) != len(set(prefixes)):
            raise ValueError(
                "each further issuer needs a subject_prefix of its own: the same id may be "
                "another person's at another issuer"
            )
        return self

    @model_validator(mode="after")
    def _fit_for_production(self) -> Self:
        trusted = self.trusted_issuers if self.is_production else ()
        if any(each.issuer == DEVELOPMENT_ISSUER for each in trusted):
            raise ValueError("the development issuer must not be trusted in production")
        if any(each.jwks.startswith("http://") for each in trusted):
            raise ValueError("keys must be fetched over https in production")
        if self.is_production and self.test_clock:
            raise ValueError("test_clock must be off in production")
        return self

    @property
    def mongo_encrypted(self) -> bool:
        """Whether MongoDB is spoken to over TLS, by the CA file or by the connection string.

        The string's `tls` or `ssl` decides, whose default is yes for `mongodb+srv` alone
        (MongoDB, Connection String URI Format).
        """
        if self.mongo_ca_file is not None:
            return True
        uri = urlsplit(self.mongo_uri.get_secret_value())
        options = {name.lower(): value for name, value in parse_qsl(uri.query)}
        default = "true" if uri.scheme == "mongodb+srv" else "false"
        return options.get("tls", options.get("ssl", default)).lower() == "true"

    @model_validator(mode="after")
    def _mongo_never_in_the_clear_in_production(self) -> Self:
        if self.must_encrypt and not self.mongo_encrypted:
            raise ValueError(
                "LINKWAY_MONGO_URI must say tls=true, or LINKWAY_MONGO_CA_FILE be given, in "
                f"production; {UNLESS_ENCRYPTED}"
            )
        return self

    @model_validator(mode="after")
    def _certificate_has_authorities(self) -> Self:
        if self.mongo_certificate_file and not self.mongo_ca_file:
            raise ValueError("mongo_certificate_file needs mongo_ca_file")
        return self


class LinkSettings(ServiceSettings):
    """Settings of a service that hands out signed links (``shared.links``)."""

    link_keys: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        (SecretStr(DEVELOPMENT_LINK_KEY),),
        min_length=1,
        description="Keys of signed links, separated by commas, of 32 characters or more each. "
        "The first signs, all are believed. Production must state its own.",
    )
    public_url: str = Field(
        "http://127.0.0.1",
        pattern=r"^https?://[^\s?#]+$",
        description="The address at which people reach this service, for links; `https://` in "
        "production.",
    )

    @field_validator("link_keys", mode="before")
    @classmethod
    def _apart(cls, given: object) -> object:
        if isinstance(given, str):
            return tuple(key.strip() for key in given.split(",") if key.strip())
        return given

    @model_validator(mode="after")
    def _links_fit_for_production(self) -> Self:
        keys = [key.get_secret_value() for key in self.link_keys]
        if any(len(key) < _SHORTEST_LINK_KEY for key in keys):
            raise ValueError(f"link_keys must have {_SHORTEST_LINK_KEY} characters or more each")
        if self.is_production and DEVELOPMENT_LINK_KEY in keys:
            raise ValueError("link_keys must be stated in production")
        if self.is_production and not self.public_url.startswith("https://"):
            raise ValueError("public_url must begin with https:// in production")
        return self
