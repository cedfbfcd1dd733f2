"""The documented examples, pasted as they stand on a platform with the demo's directory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

import services.console
from services.console.demo.loading import load
from services.console.platform import client, running_platform
from shared.ids import new_id
from shared.servers import Kafka, Servers
from tests.e2e.pasting import listings, messages, operations, people, plans, referrals
from tests.e2e.pasting.docs import CURATOR, Docs, Walk, with_a_body
from tests.notifications.receivers import mail_receiver

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.xdist_group("e2e-documentation"),
]

WALKS = (
    referrals.a_newcomer_comes_from_an_intake_to_a_session,
    referrals.a_team_and_a_tenants_rules_are_stated,
    referrals.a_referral_is_answered_and_ended_in_each_way,
    people.the_record_of_a_person_is_put_right,
    people.two_records_are_merged_and_parted,
    people.someone_is_seen_in_an_emergency_and_kept_safe,
    people.a_record_past_its_time_is_erased,
    plans.goals_and_assessments_are_followed,
    plans.an_instrument_is_installed_and_reports_are_recounted,
    listings.the_directory_finds_what_the_demo_loads,
    messages.an_organisation_subscribes_by_webhook_and_by_mail,
    messages.a_practice_rejects_a_message_and_is_told_by_hand,
    messages.texts_are_previewed_and_receipts_taken,
    operations.what_a_service_could_not_apply_is_looked_into_and_settled,
    operations.what_is_made_of_events_is_rebuilt,
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def docs(
    mongo_uri: str, kafka: Kafka, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Docs]:
    servers = Servers(mongo_uri, kafka.bootstrap, kafka.idempotent, kafka.description)
    async with AsyncExitStack() as stack:
        mail = await stack.enter_async_context(mail_receiver())
        platform = await stack.enter_async_context(
            running_platform(
                servers,
                tmp_path_factory.mktemp("platform"),
                prefix=f"docs-{new_id()[-8:]}-",
                settings={
                    "LINKWAY_TOPIC_PARTITIONS": "4",
                    "LINKWAY_SMTP_PORT": str(mail.port),
                    "LINKWAY_NOTIFY_CALLBACK_TOKEN": messages.NOTIFY_TOKEN,
                },
            )
        )
        http = await stack.enter_async_context(client())
        shipped = Path(services.console.__file__).parent / "demo_data"
        loaded = await load(
            [shipped],
            platform.urls["directory"],
            platform.token(*CURATOR),
            areas=frozenset({"ZZ"}),
            at_line=lambda _, __: None,
        )
        assert loaded.complete
        contracts = {
            service: (await http.get(f"{url}/openapi.json")).json()
            for service, url in platform.urls.items()
        }
        yield Docs(platform, http, mail, contracts)
        for service in platform.databases:
            async with platform.database(service) as database:
                await database.drop()


@pytest.mark.parametrize("walk", WALKS, ids=lambda walk: walk.name)
async def test_documented_examples_work_when_pasted(docs: Docs, walk: Walk) -> None:
    await walk.go(docs)


async def test_every_documented_body_is_pasted_in_some_walk(docs: Docs) -> None:
    documented = with_a_body(docs.contracts)
    assert documented == frozenset().union(*(walk.pastes for walk in WALKS))
