"""What the log keeps of calls that proved nothing, of which anybody can make any number.

The first of a minute have rows of their own. Beyond, somebody new and something new
still has, up to a number; what is only more of the same is counted in memory, and gets
one row for the minute. So a flood fills no log, and hides nobody else.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import NamedTuple

from django.db import Error, transaction
from django.utils import timezone

from scim.db.writers import one_at_a_time
from scim.events.quota import keep
from scim.models import Organization, ProvisioningEvent

MINUTE = timedelta(minutes=1)

NETWORKS_COUNTED = 1_000
"""Different networks of a minute that are told apart; so memory has an end."""

NETWORKS_NAMED = 5
"""Of those, in the row of the minute."""


class Stranger(NamedTuple):
    """Where such a call came from, and what came of it."""

    network: str
    code: str


@dataclass(frozen=True)
class Limits:
    """How many of an organization's calls have rows of their own in a minute."""

    rows: int
    of_network: int
    """Rows of one network among these."""
    distinct: int
    """With those of new networks and new codes."""

    def have_room(self, recent: Iterable[tuple[str, str]], stranger: Stranger) -> bool:
        """Whether a row is kept of *stranger* beside those of the last minute.

        *recent* is theirs, as many as *distinct* at the most.
        """
        before = list(recent)
        if len(before) >= self.distinct:
            return False
        networks = [network for network, _ in before]
        codes = {code for _, code in before}
        if stranger.network not in networks or stranger.code not in codes:
            return True
        mine = networks.count(stranger.network)
        return len(before) < self.rows and mine < self.of_network


def network_of(address: str | None) -> str:
    """Return what one client can choose its address from: of IPv6, the whole /64."""
    parsed = ip_address(address) if address else None
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ip_network((parsed, 64), strict=False))
    return str(parsed or "")


class _Kind(NamedTuple):
    """The calls of a minute that share a row."""

    minute: datetime
    organization: int
    actor: str
    action: str
    resource_type: str
    outcome: str
    status: int


class Crowd:
    """The calls of this process that have no rows of their own."""

    def __init__(self) -> None:
        self._calls: dict[_Kind, int] = {}
        self._networks: dict[_Kind, dict[str, None]] = {}
        """In the order in which they came."""
        self._lock = threading.Lock()

    def count(self, event: ProvisioningEvent, status: int, network: str) -> None:
        """Count the call of *event*, which is not going to be inserted."""
        kind = _Kind(
            timezone.now().replace(second=0, microsecond=0),
            event.organization_id,
            event.actor,
            event.action,
            event.resource_type,
            event.outcome,
            status,
        )
        with self._lock:
            self._calls[kind] = self._calls.get(kind, 0) + 1
            networks = self._networks.setdefault(kind, {})
            if len(networks) < NETWORKS_COUNTED:
                networks[network or "an unknown address"] = None

    def write(self, *, everything: bool = False) -> None:
        """Insert the rows of the minutes that are over, or of *everything*.

        Raises the database's error; what was not written is written the next time.
        """
        now = timezone.now()
        with self._lock:
            due = [kind for kind in self._calls if everything or _is_over(kind, now)]
            calls = {kind: self._calls.pop(kind) for kind in due}
            networks = {kind: self._networks.pop(kind) for kind in due}
        if not due:
            return
        try:
            with one_at_a_time(), transaction.atomic():
                there = Organization.objects.in_bulk(
                    {kind.organization for kind in due}
                )
                keep(
                    *(
                        _row(
                            there[kind.organization], kind, calls[kind], networks[kind]
                        )
                        for kind in sorted(due)
                        if kind.organization in there
                    )
                )
        except Error:
            with self._lock:
                for kind in due:
                    self._calls[kind] = self._calls.get(kind, 0) + calls[kind]
                    later = self._networks.get(kind, {})
                    self._networks[kind] = networks[kind] | later
            raise


def _is_over(kind: _Kind, now: datetime) -> bool:
    return kind.minute + MINUTE <= now


def _row(
    organization: Organization, kind: _Kind, calls: int, networks: dict[str, None]
) -> ProvisioningEvent:
    """Return the row of a minute. Its time is the minute's beginning: so it is not one
    of the calls of the next minute, which leave room for so many."""
    named = list(networks)[:NETWORKS_NAMED]
    others = len(networks) - len(named)
    more = "at least " if len(networks) == NETWORKS_COUNTED else ""
    where = ", ".join(named) + (f" and {more}{others:,} more" if others else "")
    return ProvisioningEvent(
        organization=organization,
        time=kind.minute,
        actor=kind.actor,
        action=kind.action,
        resource_type=kind.resource_type,
        outcome=kind.outcome,
        status=kind.status,
        detail=f"And {calls:,} more like it in this minute, from {where}.",
    )


crowd = Crowd()


def _begin_anew() -> None:
    """A forked process counts its own calls."""
    global crowd
    crowd = Crowd()


os.register_at_fork(after_in_child=_begin_anew)
