"""Of many calls that prove nothing the log keeps who and what was new, and a count.

Calls without a good token and refused sign-ons go by the same rule, so each test has
both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from scim.events import anonymous_calls
from scim.events.anonymous_calls import NETWORKS_COUNTED, Crowd, network_of
from scim.http import recording
from scim.models import Organization, ProvisioningEvent
from tests.scim.messages import user
from tests.scim.trouble import write_lock
from zportal.saml import events as saml_events

if TYPE_CHECKING:
    from tests.situations import ScimClient

MOMENT = datetime.fromisoformat("2026-11-20T12:00:30+00:00")


@dataclass(frozen=True)
class Flood:
    """Something that anybody may send any number of times."""

    send: Callable[..., int]
    """Sends it from an address, in another way if asked, and returns the status."""

    rows: int
    of_network: int
    distinct: int
    status: int


def _call(organization: Organization, address: str, *, other: bool = False) -> int:
    header = "Basic x" if other else "Bearer wrong"
    path = f"{organization.scim_path}/Users"
    client = Client(REMOTE_ADDR=address)
    return client.get(path, headers={"Authorization": header}).status_code


def _sign_on(organization: Organization, address: str, *, other: bool = False) -> int:
    client = Client(REMOTE_ADDR=address)
    if other:
        # 0xE5641: sign-on is not configured.
        return client.get(f"/sfc_sso/{organization.pk}").status_code
    address = f"/sso_upd/{organization.pk}"
    return client.post(address, {"SAMLResponse": "nonsense"}).status_code


FLOODS = {
    "calls": Flood(
        _call,
        recording.ANONYMOUS_PER_MINUTE,
        recording.ANONYMOUS_PER_MINUTE,
        recording.DISTINCT_PER_MINUTE,
        401,
    ),
    "sign-ons": Flood(
        _sign_on,
        saml_events.REFUSALS_PER_MINUTE,
        saml_events.REFUSALS_OF_ADDRESS,
        saml_events.DISTINCT_PER_MINUTE,
        403,
    ),
}


@pytest.fixture(params=list(FLOODS))
def flood(request: pytest.FixtureRequest) -> Flood:
    return FLOODS[request.param]


class Clock:
    """The time that the service reads."""

    def __init__(self) -> None:
        self.now = MOMENT

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(timezone, "now", clock)
    return clock


@pytest.fixture(autouse=True)
def crowd(monkeypatch: pytest.MonkeyPatch) -> Crowd:
    crowd = Crowd()
    monkeypatch.setattr(anonymous_calls, "crowd", crowd)
    return crowd


def rows(organization: Organization) -> Any:
    return ProvisioningEvent.objects.for_organization(organization).order_by("pk")


def test_what_is_more_of_the_same_is_one_row(
    contoso: Organization, flood: Flood, clock: Clock, crowd: Crowd
) -> None:
    for _ in range(flood.of_network + 37):
        assert flood.send(contoso, "192.0.2.1") == flood.status
    assert rows(contoso).count() == flood.of_network
    # Not while the minute lasts.
    crowd.write()
    assert rows(contoso).count() == flood.of_network
    first = rows(contoso)[0]
    clock.now += timedelta(seconds=30)
    crowd.write()
    crowd.write()
    *kept, more = rows(contoso)
    assert len(kept) == flood.of_network
    assert more.detail == "And 37 more like it in this minute, from 192.0.2.1."
    assert more.time == MOMENT.replace(second=0)
    for name in ("actor", "action", "resource_type", "outcome", "status"):
        assert getattr(more, name) == getattr(first, name), name
    assert more.outcome == "refused"
    assert more.request_body == more.response_body == ""


def test_the_row_of_a_minute_takes_no_place_of_the_next(
    contoso: Organization, flood: Flood, clock: Clock, crowd: Crowd
) -> None:
    for number in range(3):
        clock.now = MOMENT + number * timedelta(seconds=61)
        for _ in range(flood.of_network + 5):
            flood.send(contoso, "192.0.2.1")
        crowd.write()
    crowd.write(everything=True)
    details = list(rows(contoso).values_list("detail", flat=True))
    assert len([each for each in details if each.startswith("And 5 more")]) == 3
    assert len(details) == 3 * (flood.of_network + 1)


def test_one_address_hides_nobody(
    contoso: Organization, flood: Flood, crowd: Crowd
) -> None:
    """Beyond the cap, a new network and a new reason still have rows of their own."""
    for _ in range(flood.rows + 5):
        flood.send(contoso, "2001:db8::1")
    for address in ("2001:db8::2", "2001:db8:0:0:ffff::1"):
        flood.send(contoso, address)
    before = rows(contoso).count()
    assert before == flood.of_network
    for address in ("192.0.2.7", "2001:db8:0:1::1"):
        flood.send(contoso, address)
    flood.send(contoso, "2001:db8::1", other=True)
    new = list(rows(contoso)[before:])
    assert [event.client_ip for event in new[:2]] == ["192.0.2.7", "2001:db8:0:1::1"]
    assert len(new) == 3
    assert new[2].detail != new[0].detail
    crowd.write(everything=True)
    assert rows(contoso).last().detail.endswith("from 2001:db8::/64.")


def test_new_networks_have_an_end_too(
    contoso: Organization, flood: Flood, crowd: Crowd
) -> None:
    """Whoever owns very many addresses gets rows for so many; the others are counted."""
    for number in range(flood.distinct + 8):
        flood.send(contoso, f"10.0.{number}.1")
    assert rows(contoso).count() == flood.distinct
    flood.send(contoso, "10.0.0.1")
    crowd.write(everything=True)
    last = rows(contoso).last()
    first = [f"10.0.{flood.distinct + number}.1" for number in range(5)]
    assert last.detail == (
        f"And 9 more like it in this minute, from {', '.join(first)} and 4 more."
    )


def test_what_clients_write_is_no_new_reason(
    contoso: Organization, clock: Clock
) -> None:
    """A 404 quotes the address that was asked for, of which there is no end."""
    client = Client(REMOTE_ADDR="192.0.2.1")
    for number in range(40):
        path = f"{contoso.scim_path}/Schemas/{number}"
        assert client.get(path).status_code == 404
    assert rows(contoso).count() == recording.ANONYMOUS_PER_MINUTE


def test_organizations_and_answers_are_counted_apart(
    contoso: Organization, fabrikam: Organization, clock: Clock, crowd: Crowd
) -> None:
    client = Client(REMOTE_ADDR="192.0.2.1")
    for organization, extra in ((contoso, 3), (fabrikam, 4)):
        for _ in range(recording.ANONYMOUS_PER_MINUTE):
            _call(organization, "192.0.2.1")
        client.get(f"{organization.scim_path}/Schemas")
        for _ in range(extra):
            _call(organization, "192.0.2.1")
            client.get(f"{organization.scim_path}/Schemas")
    crowd.write(everything=True)
    for organization, extra in ((contoso, 3), (fabrikam, 4)):
        more = rows(organization).filter(detail__startswith=f"And {extra} more")
        assert sorted(more.values_list("action", "status", "outcome")) == [
            ("discover", 200, "accepted"),
            ("other", 401, "refused"),
        ]


@pytest.mark.django_db(transaction=True)
def test_a_count_that_could_not_be_written_is_written_later(
    scim: ScimClient, contoso: Organization, crowd: Crowd
) -> None:
    for _ in range(recording.ANONYMOUS_PER_MINUTE + 3):
        _call(contoso, "192.0.2.1")
    with write_lock("scim_provisioningevent"), pytest.raises(OperationalError):
        crowd.write(everything=True)
    _call(contoso, "192.0.2.1")
    assert scim.post("/Users", user()).status_code == 201
    crowd.write(everything=True)
    assert rows(contoso).last().detail.startswith("And 4 more")


def test_the_memory_of_a_crowd_has_an_end(contoso: Organization, crowd: Crowd) -> None:
    event = ProvisioningEvent(organization=contoso, actor="unknown")
    for number in range(NETWORKS_COUNTED + 500):
        crowd.count(event, 401, f"2001:db8:{number:x}::/64")
    [networks] = crowd._networks.values()
    assert len(networks) == NETWORKS_COUNTED
    crowd.write(everything=True)
    assert not crowd._networks
    assert rows(contoso).last().detail.endswith("and at least 995 more.")


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:0:0:1", "2001:db8::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        (None, ""),
    ],
)
def test_the_network_of_an_address(address: str | None, network: str) -> None:
    assert network_of(address) == network
