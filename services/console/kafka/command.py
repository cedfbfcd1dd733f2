"""`linkway kafka`: the deployment step before any service starts."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated

import typer


def set_up_kafka(
    access: Annotated[
        Path,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="Who may read and write what (TOML): `deploy/kafka/access.toml`.",
        ),
    ],
    *,
    dry_run: Annotated[bool, typer.Option(help="Only say what would be changed.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Make Kafka's topics, the services' users and the rules of what each may do.

    It signs in as a user who may do that, by the variables a service signs in by
    (LINKWAY_KAFKA_BOOTSTRAP, LINKWAY_KAFKA_SECURITY_PROTOCOL, LINKWAY_KAFKA_USERNAME, …). The
    services' own passwords come from LINKWAY_REFERRAL_KAFKA_PASSWORD and so on; each may be
    given as a file, by the same name with _FILE. Running it again changes nothing; rules of the
    services' users that the table does not hold are taken away.

    Examples:
    - `linkway kafka --access deploy/kafka/access.toml --dry-run`
    - `LINKWAY_KAFKA_PASSWORD_FILE=/run/secrets/kafka-admin linkway kafka --access access.toml`
    """
    import structlog
    from pydantic import ValidationError
    from pydantic_settings import SettingsError

    from services.console.kafka.applying import AccessSettings, apply_access
    from services.console.kafka.rules import read_access
    from services.console.serve import faults_of
    from shared.errors import Unavailable

    # What a service would log is told here by the command itself, on standard output.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    try:
        table = read_access(access)
    except (OSError, ValueError) as error:
        typer.echo(f"{access}: {error}.", err=True)
        raise typer.Exit(2) from None
    try:
        settings = AccessSettings.model_validate({})
    except (SettingsError, ValidationError) as error:
        typer.echo("\n".join(faults_of(error)), err=True)
        raise typer.Exit(2) from None

    def told(step: str) -> None:
        typer.echo(f"{step} …", err=True)

    try:
        outcome = asyncio.run(apply_access(settings, table, dry_run=dry_run, told=told))
    except Unavailable as error:
        typer.echo(error.detail, err=True)
        raise typer.Exit(1) from None
    if as_json:
        lines = {
            "topics_created": outcome.topics,
            "passwords_set": outcome.users,
            "rules_added": [rule.words() for rule in outcome.added],
            "rules_removed": [rule.words() for rule in outcome.removed],
            "dry_run": dry_run,
        }
        typer.echo(json.dumps(lines, indent=2))
        return
    said = "would be " if dry_run else ""
    for what, names in (
        ("topics created", outcome.topics),
        ("passwords set", outcome.users),
        ("rules added", [rule.words() for rule in outcome.added]),
        ("rules removed", [rule.words() for rule in outcome.removed]),
    ):
        typer.echo(f"{len(names)} {what.replace(' ', f' {said}')}")
        for name in names:
            typer.echo(f"  {name}")
