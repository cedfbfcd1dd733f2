"""Going on after the journeys: where to look, until someone stops it."""

from __future__ import annotations

import asyncio
import shlex
import sys
from pathlib import Path

from services.console.demo.screen import Screen
from services.console.demo.world import World
from services.console.platform import Platform

_LOOK_EVERY = 1.0


async def stay(platform: Platform, world: World, folder: Path, screen: Screen) -> None:
    """Print the addresses and wait. Returns only where a service ends by itself."""
    token = folder / "token"
    token.touch(mode=0o600)
    practice = world.practices[0]
    token.write_text(platform.token("link_worker", practice.team.organisation))
    screen.heading("Everything goes on running")
    for service, url in platform.urls.items():
        screen.say(f"  {service:13}  {url}/docs  /ready  /metrics")
    bearer = f'"Authorization: Bearer $(cat {shlex.quote(str(token))})"'
    screen.say("\nThe latest referrals, as a link worker sees them, whose token is in a file:")
    screen.say(f"  curl -s -H {bearer} '{platform.urls['referral']}/referrals?limit=3'")
    screen.say("\nA token for someone else, such as a practice:")
    screen.say(
        f"  {_program()} token --folder {shlex.quote(str(folder))} "
        f"--role referrer --organisation {practice.id}"
    )
    screen.say(f"\nLogs are in {folder / 'logs'}. Ctrl-C stops everything.")
    while True:
        if ended := platform.ended():
            screen.say(f"{' and '.join(ended)} ended unasked: the log says why.")
            return
        await asyncio.sleep(_LOOK_EVERY)


def _program() -> str:
    """How this program was called."""
    called = Path(sys.argv[0])
    return str(called) if called.name == "linkway" else f"{sys.executable} -m services.console"
