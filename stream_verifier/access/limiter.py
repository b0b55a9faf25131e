"""Limits how often one client may try something; pure, time passed in, memory bounded."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict

_IPV6_NETWORK_BITS = 64


class Limiter:
    """A token bucket for each client: a burst of a minute's attempts, then one at a time.

    Of more clients than it remembers it forgets the one not seen for longest.

    Args:
        per_minute: attempts that one client may make in a minute, and at once.
        max_clients: how many clients are remembered.
    """

    def __init__(self, *, per_minute: int, max_clients: int = 4096) -> None:
        self._burst = float(per_minute)
        self._per_s = per_minute / 60.0
        self._max_clients = max_clients
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        """Clients remembered."""
        return len(self._buckets)

    def wait_s(self, client: str, now_s: float) -> float:
        """Seconds until the client may try again; 0 when it may now."""
        return max(0.0, (1.0 - self._left(network_of(client), now_s)) / self._per_s)

    def take(self, client: str, now_s: float) -> float:
        """Count an attempt if there is room for it; return what `wait_s` said before."""
        wait = self.wait_s(client, now_s)
        if wait == 0.0:
            key = network_of(client)
            self._buckets[key] = (self._left(key, now_s) - 1.0, now_s)
            self._buckets.move_to_end(key)
            if len(self._buckets) > self._max_clients:
                self._buckets.popitem(last=False)
        return wait

    def _left(self, key: str, now_s: float) -> float:
        left, seen_s = self._buckets.get(key, (self._burst, now_s))
        return min(self._burst, left + max(0.0, now_s - seen_s) * self._per_s)


def network_of(client: str) -> str:
    """What counts as one client: an IPv4 address, or the /64 an IPv6 address is in.

    One customer of a provider has a whole /64, and so as many addresses as wanted.
    """
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return client[:64]
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((int(address), _IPV6_NETWORK_BITS), strict=False))
    return str(address)
