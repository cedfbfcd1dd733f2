"""What is done about subscriptions: challenges, notices, sending again."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr
from standardwebhooks import Webhook

from services.notifications import handlers
from services.notifications.domain import Outcome, RetryPolicy, Subscription
from services.notifications.handlers import Wish
from services.notifications.mail import MailServer
from services.notifications.store import Stores
from services.notifications.subscription_mail import SubscriptionMail
from services.notifications.subscription_worker import SubscriptionWorker
from services.notifications.webhooks import WebhookSender
from shared.events import Channel
from shared.links import Links
from shared.settings import DEVELOPMENT_LINK_KEY
from shared.store import Saved
from shared.testing import eventually
from tests.notifications.examples import KEYRING, PROVIDER, TENANT, asked, seconds
from tests.notifications.receivers import Answer, MailReceiver, WebReceiver
from tests.notifications.working import GUARD, subscribe, tell, working

OFFICE = "office@group.example.org"
POLICY = RetryPolicy(waits=(seconds(0), seconds(0.1), seconds(0.2)))


@pytest.fixture
def worker(stores: Stores, webhooks: WebhookSender, mailbox: MailReceiver) -> SubscriptionWorker:
    return SubscriptionWorker(
        stores,
        webhooks=webhooks,
        mail=SubscriptionMail(
            MailServer(host="127.0.0.1", port=mailbox.port, timeout=seconds(1)),
            mail_from="no-reply@linkway.example",
            links=Links([SecretStr(DEVELOPMENT_LINK_KEY)], "https://notify.example.org"),
        ),
        policy=POLICY,
        send_timeout=seconds(1),
        poll=seconds(0.05),
    )


@pytest.fixture
async def at_work(worker: SubscriptionWorker) -> AsyncIterator[None]:
    async with working(worker):
        yield


async def ask(stores: Stores, address: str, *, channel: Channel = "webhook") -> Saved[Subscription]:
    wish = Wish(channel, address, ["referral-created"])
    return await handlers.subscribe(stores, GUARD, KEYRING, wish, asked(at=datetime.now(UTC)))


async def state_of(stores: Stores, of: Saved[Subscription] | Subscription) -> Subscription:
    return (await stores.subscriptions.get(of.id, TENANT)).state


async def becomes(stores: Stores, of: Saved[Subscription], status: str) -> Subscription:
    async def there() -> bool:
        return (await state_of(stores, of)).status == status

    await eventually(there)
    return await state_of(stores, of)


@pytest.mark.usefixtures("at_work")
async def test_a_receiver_that_gives_the_challenge_back_is_confirmed(
    stores: Stores, receiver: WebReceiver
) -> None:
    made = await ask(stores, receiver.url)
    assert made.state.status == "pending"
    active = await becomes(stores, made, "active")
    [challenge] = receiver.challenges
    secret = KEYRING.secret(active.keys[0])
    assert secret
    message = Webhook(secret).verify(challenge.body, challenge.headers)
    assert message["type"] == "subscription-challenge"
    assert set(message["data"]) == {"subscription_id", "challenge"}
    assert active.challenge is None


@pytest.mark.usefixtures("at_work")
@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, body=b'{"challenge": "another"}'),
        Answer(200, body=b"[]"),
        Answer(200, body=b"not json"),
        Answer(200, body=b" " * 5000 + b"{}"),
        Answer(204),
        Answer(404),
        Answer(302, {"location": "https://elsewhere.example.org"}),
    ],
)
async def test_a_receiver_that_does_not_give_it_back_hears_nothing(
    stores: Stores, receiver: WebReceiver, answer: Answer
) -> None:
    receiver.confirms = False
    receiver.otherwise = answer
    made = await ask(stores, receiver.url)
    await eventually(lambda: len(receiver.challenges) == 3)
    await tell(stores)
    state = await state_of(stores, made)
    assert state.status == "pending"
    assert await stores.deliveries.count(TENANT) == 0
    assert receiver.taken == []


@pytest.mark.usefixtures("at_work")
async def test_a_receiver_gets_its_challenge_by_the_schedule_and_again_when_asked(
    stores: Stores, receiver: WebReceiver
) -> None:
    receiver.confirms = False
    receiver.otherwise = Answer(500)
    made = await ask(stores, receiver.url)

    async def given_up() -> bool:
        challenge = (await state_of(stores, made)).challenge
        return challenge is not None and challenge.next_attempt_at is None

    await eventually(given_up)
    assert len(receiver.challenges) == 3
    assert len({each.headers["webhook-id"] for each in receiver.challenges}) == 1
    receiver.confirms = True
    await handlers.challenge_again(stores, made.id, asked(at=datetime.now(UTC)))
    await becomes(stores, made, "active")


@pytest.mark.usefixtures("at_work")
async def test_an_e_mail_address_is_confirmed_by_the_code_it_was_sent(
    stores: Stores, mailbox: MailReceiver
) -> None:
    made = await ask(stores, OFFICE, channel="email")
    code = str(await eventually(lambda: mailbox.code_for(OFFICE)))
    [mail] = mailbox.confirmations
    assert mail["subject"] == "Confirm that Linkway may write to you"
    assert "https://notify.example.org/confirm-subscription/" in mail.get_content()
    assert (await state_of(stores, made)).status == "pending"
    confirmed = await handlers.confirm(stores, made.id, code, asked(at=datetime.now(UTC)))
    assert confirmed.state.status == "active"
    assert len(mailbox.confirmations) == 1


@pytest.mark.usefixtures("at_work")
@pytest.mark.parametrize(
    ("outcome", "says"),
    [
        (Outcome(code="gone", status_code=410, final=True), "gone for good (410)"),
        (Outcome(code="timed_out"), "every attempt of the last days failed"),
    ],
)
async def test_the_contact_is_told_that_an_address_is_not_written_to_any_more(
    stores: Stores, mailbox: MailReceiver, receiver: WebReceiver, outcome: Outcome, says: str
) -> None:
    mailbox.data.append("451 Try later")
    made = await subscribe(stores, receiver.url, contact=OFFICE)
    await tell(stores)
    [queued] = (await stores.deliveries.find(TENANT, {})).items
    now = datetime.now(UTC)
    await handlers.record_attempt(
        stores,
        queued.state,
        outcome,
        started=now,
        ended=now,
        policy=RetryPolicy(waits=(seconds(0),)),
        jitter=0,
    )
    await eventually(lambda: mailbox.mails)
    [mail] = mailbox.mails
    assert mail["to"] == OFFICE
    assert mail["subject"] == "Linkway has stopped sending to one of your addresses"
    assert says in mail.get_content()
    assert made.id in mail.get_content()
    assert receiver.url not in mail.as_string()

    async def done() -> bool:
        return (await state_of(stores, made)).notice is None

    await eventually(done)


@pytest.mark.usefixtures("at_work")
async def test_what_a_receiver_missed_is_sent_again_when_ordered_and_nothing_else(
    stores: Stores, receiver: WebReceiver
) -> None:
    made = await subscribe(stores, receiver.url)
    await tell(stores, times=5)
    all_of_them = (await stores.deliveries.find(TENANT, {})).items
    before = datetime.now(UTC)
    for saved in all_of_them[:3]:
        await handlers.record_attempt(
            stores,
            saved.state,
            Outcome(code="mail_rejected", final=True),
            started=before,
            ended=before,
            policy=POLICY,
            jitter=0,
        )
    order = asked(PROVIDER, at=datetime.now(UTC) + seconds(0.01), key="k1")
    since = before - timedelta(hours=1)
    for _ in range(2):  # the same order again is the same order
        await handlers.order_resend(stores, made.id, since=since, status="failed", cause=order)

    async def done() -> bool:
        resend = (await state_of(stores, made)).resend
        return resend is not None and resend.done

    await eventually(done)
    resend = (await state_of(stores, made)).resend
    assert resend
    assert resend.requeued == 3
    assert await stores.deliveries.count(TENANT, {"state.status": "queued"}) == 5
    assert await stores.deliveries.count(TENANT, {"state.tried_before": 1}) == 3


async def test_an_order_carried_out_twice_sends_again_once(
    stores: Stores, receiver: WebReceiver
) -> None:
    made = await subscribe(stores, receiver.url)
    await tell(stores)
    [saved] = (await stores.deliveries.find(TENANT, {})).items
    now = datetime.now(UTC)
    final = Outcome(code="mail_rejected", final=True)
    await handlers.record_attempt(
        stores, saved.state, final, started=now, ended=now, policy=POLICY, jitter=0
    )
    ordered = await handlers.order_resend(
        stores,
        made.id,
        since=now - timedelta(hours=1),
        status="failed",
        cause=asked(PROVIDER, at=now + seconds(1)),
    )
    assert ordered.state.resend
    once = await handlers.carry_out_resend(
        stores, ordered.state, ordered.state.resend, now + seconds(2)
    )
    assert once.state.resend
    later = now + seconds(3)
    [again] = (await stores.deliveries.find(TENANT, {})).items
    await handlers.record_attempt(
        stores, again.state, final, started=later, ended=later, policy=POLICY, jitter=0
    )
    await handlers.carry_out_resend(stores, ordered.state, ordered.state.resend, later)
    assert await stores.deliveries.count(TENANT, {"state.status": "failed"}) == 1
