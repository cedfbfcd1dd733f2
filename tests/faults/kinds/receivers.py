"""Receivers of webhooks that fail, hang, redirect and go away for good."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from tests.faults.fault import Fault, Run
from tests.faults.stage import Stage, staged
from tests.notifications.receivers import Answer, web_receiver

_LOAD_SECONDS = 10.0
_HANGS = 30.0
_BAD = {
    "/failing": Answer(500),
    "/hanging": Answer(204, wait=_HANGS),
    "/redirecting": Answer(302, headers={"location": "http://127.0.0.1:9/elsewhere"}),
    "/gone": Answer(410),
}


async def bad_receivers(run: Run) -> None:
    """Beside a good receiver, one of each bad kind: the good one is told all, in order.

    Each confirmed its address while it still answered; the dead one then went away.
    """
    run.result.done = (
        "beside a good receiver a failing, a hanging, a redirecting, a gone and a dead one, {times}"
    )
    settings = {
        "LINKWAY_RETRY_SCHEDULE_SECONDS": "[0, 0.2, 0.5]",
        "LINKWAY_WEBHOOK_TIMEOUT_SECONDS": "1",
    }
    async with staged(run.folder, settings=settings) as stage:
        for path, answer in _BAD.items():
            await _subscribe(stage, stage.hook.url + path)
            stage.hook.by_path["/hook" + path] = answer
        async with web_receiver() as dead:
            await _subscribe(stage, dead.url)
        async with run.loaded(stage):
            for _ in range(run.times):
                await asyncio.sleep(_LOAD_SECONDS)
                run.step()
        attempts = [each for each in stage.hook.taken if each.path.endswith("/redirecting")]
        ids = {each.headers["webhook-id"] for each in attempts}
        if len(attempts) > 3 * len(ids):
            run.result.wrong.append(
                "a failing receiver was tried more often than the schedule says"
            )
        if len([each for each in stage.hook.taken if each.path.endswith("/gone")]) > 64:
            run.result.wrong.append("a receiver that is gone was still sent to")


async def _subscribe(stage: Stage, url: str) -> None:
    answer = await stage.http.post(
        f"{stage.platform.urls['notifications']}/subscriptions",
        headers=stage.load.headers["practice"],
        json={
            "channel": "webhook",
            "url": url,
            "event_types": ["referral-created", "goal-updated"],
        },
    )
    assert answer.status_code == HTTPStatus.CREATED, answer.text


FAULTS = (Fault("bad-receivers", "Receivers fail, hang and go away", 3, 1, bad_receivers),)
