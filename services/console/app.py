"""The `linkway` command and its sub-commands; each imports only what it runs."""

from __future__ import annotations

import typer

from services.console.auditing.command import audit
from services.console.demo.command import play_demo
from services.console.doctor import doctor
from services.console.importing.command import import_files
from services.console.issuer import make_issuer, print_token
from services.console.kafka.command import set_up_kafka
from services.console.keys import app as keys
from services.console.ops.command import ops
from services.console.privacy.erase import erase
from services.console.privacy.export import export_person
from services.console.privacy.retention import retention
from services.console.serve import serve
from services.console.tenants import list_tenants

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,  # they may hold a token
)
app.command("demo")(play_demo)
app.command("import")(import_files)
app.command("serve")(serve)
app.command("issuer")(make_issuer)
app.command("token")(print_token)
app.command("tenants")(list_tenants)
app.command("kafka")(set_up_kafka)
app.command("retention")(retention)
app.command("export-person")(export_person)
app.add_typer(audit, name="audit")
app.command("doctor")(doctor)
app.add_typer(ops, name="ops")
app.add_typer(keys, name="keys")
app.add_typer(erase, name="erase")


@app.callback()
def linkway() -> None:
    """Linkway: the open, event-driven referral platform for social prescribing."""


def main() -> None:
    """Run the command named on the command line."""
    app()
