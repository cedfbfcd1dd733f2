"""Where a referral may go, by what is known of a service."""

from __future__ import annotations

import pytest

from services.referral.domain.listing import Listing, check_takes, newest
from shared.errors import Invalid
from shared.events import EventActor, ServiceChanged, ServiceClosed
from tests.referral.actors import NOON


def listing(**changes: object) -> Listing:
    known = {
        "id": "service-1",
        "tenant": "icb-a",
        "organisation_id": "group-org",
        "service_role": "community",
        "open": True,
        "seq": 3,
    }
    return Listing.model_validate(known | changes)


@pytest.mark.parametrize(
    ("known", "kind"),
    [
        (None, "intake"),
        (listing(open=False), "onward"),
        (listing(), "intake"),
        (listing(service_role="link_worker_team"), "onward"),
        (listing(service_role="link_worker_team"), "signpost"),
    ],
)
def test_a_referral_goes_only_where_it_fits(known: Listing | None, kind: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_takes(known, kind)  # type: ignore[arg-type]  # the table holds plain words
    assert [error.pointer for error in refused.value.errors] == ["/service_id"]


def test_a_late_fact_about_a_service_changes_nothing() -> None:
    def said(
        event: type[ServiceChanged | ServiceClosed], seq: int
    ) -> ServiceChanged | ServiceClosed:
        return event(
            tenant="icb-a",
            seq=seq,
            occurred_at=NOON,
            actor=EventActor(role="directory_curator", organisation="icb"),
            service_id="service-1",
            organisation_id="group-org",
            service_role="community",
        )

    closed = newest(listing(), said(ServiceClosed, 5))
    assert closed.open is False
    assert newest(closed, said(ServiceChanged, 4)) == closed
    assert newest(closed, said(ServiceChanged, 6)).open is True
