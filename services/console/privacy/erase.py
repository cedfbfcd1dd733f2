"""`linkway erase`: asked for, decided by another, and followed until every service has done it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from services.console.privacy.asking import (
    FOLDER,
    AsJson,
    Folder,
    ReferralUrl,
    TokenFile,
    target_of,
)

erase = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Erase a person: ask, decide, see who has done it. Leads and tenant admins may.",
)


class Ground(StrEnum):
    """UK GDPR Art 17(1)(a) to (f)."""

    NO_LONGER_NEEDED = "no_longer_needed"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    OBJECTION = "objection"
    UNLAWFUL = "unlawful"
    LEGAL_DUTY = "legal_duty"
    CHILD_ONLINE = "child_online"


Request = Annotated[str, typer.Argument(metavar="ERASURE", help="The id the request was given.")]


@erase.command("request")
def request(
    person: Annotated[str, typer.Argument(metavar="PERSON", help="The person's id.")],
    *,
    ground: Annotated[Ground, typer.Option(help="Why: UK GDPR Art 17(1)(a) to (f).")],
    note: Annotated[
        str | None, typer.Option(help="How it was asked; do not name the person.")
    ] = None,
    referral_url: ReferralUrl = None,
    token_file: TokenFile = None,
    folder: Folder = FOLDER,
    as_json: AsJson = False,
) -> None:
    """Write down that a person asked to be erased, and hold new processing at once.

    Examples:
    - `linkway erase request 0190c0de-… --ground consent_withdrawn --note "By letter."`
    - `LINKWAY_TOKEN=$(linkway token --folder .linkway/demo --role team_lead --organisation
      3c1956f4-0fab-500b-96ff-11c021055d23) linkway erase request 0190c0de-… --ground objection`
    """
    answer = _ask(
        target_of(token_file, folder, referral=referral_url),
        f"/persons/{person}/erasure",
        {"ground": ground.value, "note": note},
    )
    _tell(
        answer, as_json=as_json, sentence="Held. Somebody else decides with: linkway erase decide"
    )


@erase.command("decide")
def decide(
    erasure: Request,
    *,
    grant: Annotated[bool | None, typer.Option("--grant/--refuse", help="What is decided.")] = None,
    reason: Annotated[
        str, typer.Option(help="The reason's code; ground_applies to grant, or see the API.")
    ],
    basis: Annotated[
        str, typer.Option(help="The article of the UK GDPR, such as art_17_1 or art_17_3_e.")
    ],
    note: Annotated[str, typer.Option(help="Why, in words; do not name the person.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether to go on.")] = False,
    referral_url: ReferralUrl = None,
    token_file: TokenFile = None,
    folder: Folder = FOLDER,
    as_json: AsJson = False,
) -> None:
    """Grant or refuse a request. A grant destroys the person's key and cannot be undone.

    Examples:
    - `linkway erase decide 0190c0de-… --grant --reason ground_applies --basis art_17_1 --note "…"`
    - `linkway erase decide 0190c0de-… --refuse --reason legal_claims --basis art_17_3_e --note "A
      claim is open."`
    """
    if grant is None:
        raise typer.BadParameter("say --grant or --refuse")
    if grant and not yes:
        typer.confirm("This cannot be undone. Erase the person?", abort=True)
    answer = _ask(
        target_of(token_file, folder, referral=referral_url),
        f"/erasures/{erasure}/decision",
        {"granted": grant, "reason_code": reason, "legal_basis": basis, "note": note},
    )
    sentence = "See who has done it with: linkway erase status" if grant else "Things go on."
    _tell(answer, as_json=as_json, sentence=sentence)


@erase.command("status")
def status(
    erasure: Request,
    *,
    referral_url: ReferralUrl = None,
    token_file: TokenFile = None,
    folder: Folder = FOLDER,
    as_json: AsJson = False,
) -> None:
    """See what was decided, and which services have removed what they held.

    Ends with status 0 once it is decided and nothing is left to do, else with 1.

    Examples:
    - `linkway erase status 0190c0de-…`
    - `until linkway erase status 0190c0de-… --json > /dev/null; do sleep 60; done`
    """
    from services.console.ops.screen import FOUND_WRONG, console, print_json, run, table

    target = target_of(token_file, folder, referral=referral_url)
    found = run(target, lambda client: client.ask("referral", f"/erasures/{erasure}"))
    if as_json:
        print_json(found)
    else:
        console().print(f"{found['status']}, asked for at {found['requested_at']}")
        decision = found["decision"]
        if decision is not None:
            console().print(f"{decision['reason_code']}, on {decision['legal_basis']}")
        shown = table("service", "removed what it held")
        for service, at in found["acknowledged"].items():
            shown.add_row(service, at)
        for service in found["waiting_for"]:
            shown.add_row(service, "not yet")
        if shown.row_count:
            console().print(shown)
    if found["status"] in {"requested", "granted"}:
        raise typer.Exit(FOUND_WRONG)


def _ask(target: Any, path: str, body: dict[str, Any]) -> Any:
    from services.console.ops.screen import run

    stated = {name: value for name, value in body.items() if value is not None}
    return run(target, lambda client: client.ask("referral", path, method="POST", body=stated))


def _tell(answer: Any, *, as_json: bool, sentence: str) -> None:
    from services.console.ops.screen import print_json

    if as_json:
        print_json(answer)
    else:
        typer.echo(f"{answer['id']}: {answer['status']}. {sentence}")
