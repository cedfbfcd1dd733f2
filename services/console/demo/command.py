"""`linkway demo`."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

_LOCAL = ("aiosmtpd", "faker", "filelock", "psutil")
_DISAGREES, _MISSING, _INTERRUPTED = 1, 2, 130


def play_demo(
    *,
    once: Annotated[
        bool, typer.Option("--once", help="End after the journeys; status 0 only if all agrees.")
    ] = False,
    data: Annotated[
        Path | None,
        typer.Option(
            help="A folder of your own files, as `linkway import` reads them.",
            exists=True,
            file_okay=False,
        ),
    ] = None,
    people: Annotated[int, typer.Option(help="How many are referred.", min=1)] = 1000,
    seed: Annotated[int, typer.Option(help="The same seed makes the same people.")] = 2026,
    postcode_area: Annotated[
        list[str] | None,
        typer.Option(
            help="Only practices and services of this area, such as S, and all networks and "
            "boards; may be repeated."
        ),
    ] = None,
    prefix: Annotated[
        str | None,
        typer.Option(
            help="Put before databases and topics. Servers given by address get one by themselves."
        ),
    ] = None,
) -> None:
    """Start everything on this machine, play whole journeys of synthetic people, and count.

    MongoDB and Kafka are taken from the addresses in LINKWAY_USE_MONGO and LINKWAY_USE_KAFKA, else
    started in Docker, else without Docker. Journeys go through the public APIs only; then what was
    acknowledged, published and applied is compared, record by record. It goes on running with
    addresses to look at until Ctrl-C.

    Ends with status 0 if all counts agree, with 1 if not, with 2 if something to run with is
    missing.

    Examples:
    - `linkway demo`

    - `linkway demo --once --data ./our-directory --people 50`
    """
    import asyncio

    if lacking := [name for name in _LOCAL if find_spec(name) is None]:
        typer.echo(f"The demo needs {', '.join(lacking)}: install linkway[local].", err=True)
        raise typer.Exit(_MISSING)

    from services.console.demo.api import Unexpected
    from services.console.demo.run import Demo, Options
    from services.console.demo.screen import Screen
    from shared.servers import ServerError

    areas = frozenset(area.strip().upper() for area in postcode_area or ())
    demo = Demo(Options(once, data, people, seed, areas, prefix), Screen())
    try:
        asyncio.run(demo.run())
    except ServerError as missing:
        typer.echo(missing.detail, err=True)
        raise typer.Exit(_MISSING) from missing
    except Unexpected as fault:
        typer.echo(f"The demo broke off: {fault}.", err=True)
        raise typer.Exit(_DISAGREES) from fault
    except (KeyboardInterrupt, asyncio.CancelledError) as stopped:
        typer.echo("\nStopped: everything the demo started has ended.")
        if demo.agrees is None:
            raise typer.Exit(_INTERRUPTED) from stopped
    raise typer.Exit(0 if demo.agrees else _DISAGREES)
