"""How often somebody may ask: a token bucket of each key or address."""

import time
from collections.abc import Callable, Hashable
from ipaddress import IPv6Address, ip_address

_NO_ADDRESS = "no address"
_MAX_BUCKETS = 10_000
"""Those of who came last are kept."""


class Buckets:
    """Each holds `burst` tokens and is filled by `per_minute` in a minute."""

    def __init__(
        self, per_minute: float, burst: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._interval_s = 60 / per_minute
        self._room_s = burst * self._interval_s
        self._clock = clock
        self._full_at_s: dict[Hashable, float] = {}
        """When a bucket will be full again, the one that was used last at the end."""

    def take(self, who: Hashable) -> float:
        """Takes a token; 0, or the seconds until there is one."""
        now_s = self._clock()
        full_at_s = max(self._full_at_s.pop(who, now_s), now_s)
        wait_s = full_at_s + self._interval_s - now_s - self._room_s
        if wait_s <= 1e-9:
            full_at_s += self._interval_s
        self._full_at_s[who] = full_at_s
        if len(self._full_at_s) > _MAX_BUCKETS:
            del self._full_at_s[next(iter(self._full_at_s))]
        return max(wait_s, 0.0) if wait_s > 1e-9 else 0.0


def network_of(address: str) -> str:
    """Whom an address belongs to: of IPv6 the first half, since everybody has all of the second.
    What is no address, which a proxy may pass on of what a client says, is all of one."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return _NO_ADDRESS
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped) if parsed.ipv4_mapped else parsed.exploded[:19]
    return address
