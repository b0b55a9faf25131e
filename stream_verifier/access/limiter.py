"""Limits how often one client may try something; pure, time passed in, memory bounded."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict

_IPV6_NETWORK_BITS = 64


class Buckets:
    """Token buckets by key; of more than it remembers it forgets the one not used for longest.

    Args:
        burst: what each holds at most, and at first.
        refill_s: seconds in which one more comes in.
        remembered: how many buckets.
    """

    def __init__(self, *, burst: float, refill_s: float, remembered: int = 4096) -> None:
        self.burst = float(burst)
        self.refill_s = refill_s
        self._remembered = remembered
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        """Buckets remembered."""
        return len(self._left)

    def wait_s(self, key: str, now_s: float) -> float:
        """Seconds until there is a whole one in it; 0 when there is now."""
        return max(0.0, (1.0 - self._now(key, now_s)) * self.refill_s)

    def take(self, key: str, cost: float, now_s: float) -> None:
        """Take so much out, as far as there is; less than nothing puts back."""
        self.put(key, self._now(key, now_s) - cost, now_s)

    def put(self, key: str, left: float, now_s: float) -> None:
        """Set what is in it, as somebody else has counted."""
        self._left[key] = min(self.burst, max(0.0, left)), now_s
        self._left.move_to_end(key)
        if len(self._left) > self._remembered:
            self._left.popitem(last=False)

    def _now(self, key: str, now_s: float) -> float:
        left, then_s = self._left.get(key, (self.burst, now_s))
        return min(self.burst, left + max(0.0, now_s - then_s) / self.refill_s)


class Limiter:
    """A bucket for each client: a burst of a minute's attempts, then one at a time.

    Args:
        per_minute: attempts that one client may make in a minute, and at once.
        max_clients: how many clients are remembered.
    """

    def __init__(self, *, per_minute: int, max_clients: int = 4096) -> None:
        self._buckets = Buckets(
            burst=per_minute, refill_s=60.0 / per_minute, remembered=max_clients
        )

    def __len__(self) -> int:
        """Clients remembered."""
        return len(self._buckets)

    def wait_s(self, client: str, now_s: float) -> float:
        """Seconds until the client may try again; 0 when it may now."""
        return self._buckets.wait_s(network_of(client), now_s)

    def take(self, client: str, now_s: float) -> float:
        """Count an attempt if there is room for it; return what `wait_s` said before."""
        wait = self.wait_s(client, now_s)
        if wait == 0.0:
            self._buckets.take(network_of(client), 1.0, now_s)
        return wait


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
