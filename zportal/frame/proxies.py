"""Which peers are proxies of ours, and who stands behind them."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def parse_networks(entries: Iterable[str]) -> tuple[Network, ...]:
    """Read addresses and networks such as ``10.0.0.0/8``.

    Raises ValueError for an entry that is neither.
    """
    return tuple(ip_network(entry.strip(), strict=False) for entry in entries)


def parse_address(text: str) -> Address | None:
    """Read an address as proxies write it: with a port or brackets, too."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    # A dual-stack socket reports IPv4 peers as ::ffff:192.0.2.1.
    return getattr(address, "ipv4_mapped", None) or address


def is_trusted(address: Address | None, networks: Iterable[Network]) -> bool:
    return address is not None and any(address in network for network in networks)


def client_address(
    peer: Address, forwarded_for: str, networks: tuple[Network, ...]
) -> Address:
    """Return the right-most address that is no proxy of ours.

    Every proxy appends the peer that it saw, so the entries are believed from the
    right up to the first stranger; what that stranger wrote further left is hearsay.
    """
    client = peer
    for entry in reversed(forwarded_for.split(",")):
        if not is_trusted(client, networks):
            break
        address = parse_address(entry)
        if address is None:
            break
        client = address
    return client
