"""The course of a demo: start everything, load, play, settle, compare, and stay or end."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx

from services.console.demo import report
from services.console.demo.api import Api, Unexpected
from services.console.demo.figures import read_figures, read_listening
from services.console.demo.folder import demo_folder
from services.console.demo.journeys import come_back_all, let_weeks_pass, play_all
from services.console.demo.ledger import Ledger
from services.console.demo.loading import load
from services.console.demo.operating import ask_operations
from services.console.demo.paths import plan_paths
from services.console.demo.people import make_people
from services.console.demo.receivers import (
    MailReceiver,
    WebhookReceiver,
    mail_receiver,
    webhook_receiver,
)
from services.console.demo.screen import Screen
from services.console.demo.settling import settle
from services.console.demo.stage import Milestone, Stage, milestones
from services.console.demo.staying import stay
from services.console.demo.stores import open_stores
from services.console.demo.subscribers import Subscribers
from services.console.demo.survey import Survey, folders_of, survey
from services.console.demo.topics import delete_topics, open_topics
from services.console.demo.verdict import Evidence, Told, faults
from services.console.demo.world import CURATOR, World, read_world
from services.console.importing.report import print_report
from services.console.notify_standin import NotifyStandIn, notify_standin
from services.console.platform import SERVICES, Platform, client, running_platform
from shared.ids import new_id
from shared.servers import KAFKA_VARIABLE, MONGO_VARIABLE, Finder, ServerError, Servers, free_port
from shared.servers.ports import is_free
from shared.store import Database

_SHIPPED = Path(__file__).parents[1] / "demo_data"
_AT_ONCE = 16
_FIRST_PORT = 8001
_SECONDS_TO_START = 10
_SECONDS_A_PERSON = 0.25


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for on the command line; ``data`` is None for the shipped directory."""

    once: bool
    data: Path | None
    people: int
    seed: int
    areas: frozenset[str]
    prefix: str | None


@dataclass
class Demo:
    """One run; ``agrees`` is None until it is known whether all counts do."""

    options: Options
    screen: Screen
    agrees: bool | None = None
    began: float = field(default_factory=time.monotonic)
    since: datetime = field(default_factory=lambda: datetime.now(UTC))

    async def run(self) -> None:
        """All of it; SIGTERM cancels it as Ctrl-C does.

        Raises ServerError where something to run with is missing, Unexpected where a service
        does not answer as it should.
        """
        if task := asyncio.current_task():
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        async with AsyncExitStack() as stack:
            folder = stack.enter_context(demo_folder())
            self._announce()
            paths = folders_of(self.options.data or _SHIPPED)
            with self.screen.step("Files") as tell:
                found = await asyncio.to_thread(survey, paths)
                found.require()
                areas = self.options.areas or frozenset(filter(None, [found.area()]))
                tell(_holding(found, areas))
            hooks = await stack.enter_async_context(webhook_receiver())
            mails = await stack.enter_async_context(mail_receiver())
            notify = await stack.enter_async_context(notify_standin())
            platform = await self._platform(stack, folder, mails, notify)
            http = await stack.enter_async_context(client())
            await self._load(platform, paths, areas)
            played = _Played(platform, http, hooks, mails, notify, Ledger())
            await self._play(played, found)
            await self._summarise(played)
            if not self.options.once:
                await stay(platform, played.world, folder, self.screen)
                self.agrees = False

    def _announce(self) -> None:
        people = self.options.people
        minutes = round((_SECONDS_TO_START + people * _SECONDS_A_PERSON) / 60)
        long = f"{minutes} minutes" if minutes > 1 else "a minute"
        self.screen.say(
            f"Linkway demo: four services start on this machine, and {people:,} synthetic people "
            f"are referred, supported and followed up. It takes about {long}; no message leaves "
            "this machine."
        )
        self.screen.heading("Starting")

    async def _platform(
        self, stack: AsyncExitStack, folder: Path, mails: MailReceiver, notify: NotifyStandIn
    ) -> Platform:
        with self.screen.step("Servers") as tell:
            finder = Finder(local="tansu", folder=folder / "servers", say=self.screen.say)
            servers = await (await stack.enter_async_context(finder)).servers()
            tell(servers.description)
        prefix = self.options.prefix
        if prefix is None and {MONGO_VARIABLE, KAFKA_VARIABLE} & os.environ.keys():
            prefix = f"demo-{new_id()[-8:]}-"
        if prefix:
            stack.push_async_callback(_clean_up, servers, prefix)
        with self.screen.step("Services") as tell:
            ready: list[str] = []

            def note(service: str) -> None:
                ready.append(service)
                tell(f"{', '.join(sorted(ready, key=SERVICES.index))} ready")

            return await stack.enter_async_context(
                running_platform(
                    servers,
                    folder,
                    prefix=prefix or "",
                    # Runs that share servers, or end by themselves, must not race for a port.
                    ports=None if prefix or self.options.once else _ports(),
                    settings={
                        "LINKWAY_SMTP_PORT": str(mails.port),
                        **notify.settings(),
                        "LINKWAY_RETRY_SCHEDULE_SECONDS": "[0, 1, 2, 5, 10, 20]",
                        "LINKWAY_TEST_CLOCK": "true",
                        "LINKWAY_CLOCK_POLL_SECONDS": "0.5",
                    },
                    ready=note,
                )
            )

    async def _load(self, platform: Platform, paths: Sequence[Path], areas: frozenset[str]) -> None:
        with self.screen.step("Directory") as tell:
            imported = await load(
                paths,
                platform.urls["directory"],
                platform.token(*CURATOR),
                areas=areas,
                at_line=lambda path, line: tell(f"{path.name}, line {line:,}" if line else ""),
            )
            if imported.refused:
                raise Unexpected(f"the directory did not take the files: {imported.refused}")
            tell("loaded as `linkway import` does")
        if self.options.data is not None:
            print_report(self.screen.console, imported, dry_run=False)

    async def _play(self, played: _Played, found: Survey) -> None:
        options = self.options
        api = Api(played.platform, played.http, run=new_id()[-12:])
        with self.screen.step("People") as tell:
            people = make_people(options.people, options.seed)
            world = await read_world(
                api, districts=found.districts, at_most=options.people, seed=options.seed
            )
            tell(_meeting(world))
        played.world = world
        played.subscribers = Subscribers(api, played.hooks, played.mails)
        paths = plan_paths(options.people, options.seed)
        self.screen.heading("Journeys")
        with self.screen.milestones(milestones(paths)) as show:

            def reached(milestone: Milestone) -> None:
                show(milestone)
                if milestone is Milestone.ENDED and not played.first_after:
                    played.first_after = time.monotonic() - self.began

            stage = Stage(world, api, played.subscribers, played.ledger, reached)
            waiting = await play_all(people, paths, stage, at_once=_AT_ONCE)
            if waiting:
                await let_weeks_pass(stage)
                await come_back_all(waiting, stage, at_once=_AT_ONCE)
        if played.first_after:
            self.screen.say(f"  The first ended {played.first_after:.1f} s after the start.")

    async def _summarise(self, played: _Played) -> None:
        platform = played.platform
        if ended := platform.ended():
            logs = ", ".join(str(platform.processes.log(service)) for service in ended)
            raise Unexpected(f"{' and '.join(ended)} ended unasked; why is said in {logs}")
        listening = await read_listening(platform, played.http)
        async with (
            open_stores(platform) as stores,
            open_topics(
                platform.servers.kafka_bootstrap, platform.topic_prefix, listening
            ) as topics,
        ):
            with self.screen.step("Settling") as tell:
                waiting = await settle(stores, topics, show=lambda waits: tell(str(waits)))
                tell("nothing waits" if waiting.nothing else str(waiting))
            evidence = Evidence(
                ledger=played.ledger,
                subscriptions=played.subscribers.subscriptions,
                stored=await stores.read(),
                published=await topics.published(),
                dead_letters=await topics.dead_letters(),
                figures=await read_figures(platform, played.http),
                listening={
                    service: frozenset().union(*kinds.values())
                    for service, kinds in listening.items()
                },
                told=Told(
                    played.hooks.verified,
                    played.hooks.refused,
                    played.hooks.again,
                    played.mails.taken,
                    {each.reference.rpartition("/")[2] for each in played.notify.taken},
                ),
                waiting=waiting,
            )
            with self.screen.step("Comparing") as tell:
                operated = await ask_operations(platform, self.since)
                tell("asked of the services' own operations APIs")
        report.print_counts(self.screen.console, evidence)
        report.print_operations(self.screen.console, operated.lines())
        report.print_machine(
            self.screen.console,
            platform.processes.memory(),
            platform.servers.description,
            time.monotonic() - self.began,
        )
        self._judge([*faults(evidence), *operated.faults()])

    def _judge(self, found: Sequence[str]) -> None:
        self.agrees = not found
        self.screen.heading(
            "[green]All counts agree: accepted = published = applied.[/]"
            if self.agrees
            else "[red]Not all is as it should be:[/]"
        )
        for sentence in found:
            self.screen.say(f"  {sentence}")


@dataclass
class _Played:
    """What playing needs and leaves behind."""

    platform: Platform
    http: httpx.AsyncClient
    hooks: WebhookReceiver
    mails: MailReceiver
    notify: NotifyStandIn
    ledger: Ledger
    world: World = field(init=False)
    subscribers: Subscribers = field(init=False)
    first_after: float = 0.0


def _ports() -> dict[str, int]:
    wished = {service: _FIRST_PORT + n for n, service in enumerate(SERVICES)}
    return {service: port if is_free(port) else free_port() for service, port in wished.items()}


def _holding(found: Survey, areas: frozenset[str]) -> str:
    if not areas:
        return (
            f"{found.services:,} open community services, {found.practices:,} active practices, "
            f"{len(found.districts):,} postcode districts"
        )
    services = sum(found.services_in[area] for area in areas)
    practices = sum(found.practices_in[area] for area in areas)
    if not services or not practices:
        raise ServerError(
            f"The files hold {services:,} open services and {practices:,} active practices in "
            f"postcode area {' and '.join(sorted(areas))}: name another with --postcode-area."
        )
    return (
        f"postcode area {' and '.join(sorted(areas))} (--postcode-area takes another): "
        f"{services:,} of {found.services:,} open community services, "
        f"{practices:,} of {found.practices:,} active practices"
    )


def _meeting(world: World) -> str:
    added = " (made up, as the files hold none)" if world.teams_added else ""
    return (
        f"{len(world.practices):,} practices refer to {len(world.teams):,} link-worker teams"
        f"{added}, which find {world.services:,} community services"
    )


async def _clean_up(servers: Servers, prefix: str) -> None:
    """Leave nothing of this run on servers that go on."""
    for service in SERVICES:
        database = Database.connect(servers.mongo_uri, f"{prefix}{service}")
        try:
            await database.drop()
        finally:
            await database.close()
    await delete_topics(servers.kafka_bootstrap, prefix)
