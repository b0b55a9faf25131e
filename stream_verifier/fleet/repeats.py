"""Requests that are sent again to any server of a fleet, in Redis."""

from __future__ import annotations

import logging

from stream_verifier.calls.repeats import KEPT_S, MOST_KEPT, UNDER_WAY_S, Answer, AnswerSeal
from stream_verifier.errors import RequestUnderWayError
from stream_verifier.fleet.link import Link

_logger = logging.getLogger(__name__)

BEGIN = """
local prefix, key, under_way_ms, kept_ms, most =
    ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local all, one = prefix .. ':repeats', prefix .. ':repeat:' .. key
local found = redis.call('GET', one)
if found then return found end
local now = redis.call('TIME')
now = now[1] * 1000 + math.floor(now[2] / 1000)
redis.call('ZREMRANGEBYSCORE', all, '-inf', now - kept_ms)
while redis.call('ZCARD', all) >= most do
    redis.call('DEL', prefix .. ':repeat:' .. redis.call('ZPOPMIN', all)[1])
end
redis.call('ZADD', all, now, key)
redis.call('SET', one, '', 'PX', under_way_ms)
return false
"""
"""Arguments: key, so long it counts as under way and is remembered, in ms, how many are. Returns
nothing where it is new, the empty text while it is under way, else the answer."""

KEEP = """
redis.call('SET', ARGV[1] .. ':repeat:' .. ARGV[2], ARGV[3], 'PX', ARGV[4])
"""

FORGET = """
local one = ARGV[1] .. ':repeat:' .. ARGV[2]
if redis.call('GET', one) == '' then
    redis.call('DEL', one)
    redis.call('ZREM', ARGV[1] .. ':repeats', ARGV[2])
end
"""


class SharedRepeats:
    """The `Repeats` of a fleet; answers are sealed, since they are about people.

    Args:
        link: to Redis.
        seal: with the key that all servers have.
        most: so many are remembered; of more the oldest is forgotten.
    """

    def __init__(self, link: Link, seal: AnswerSeal, *, most: int = MOST_KEPT) -> None:
        self._link = link
        self._seal = seal
        self._most = most

    async def begin(self, key: str) -> Answer | None:
        """Note that a request is under way at any server, unless one answered it before."""
        times_ms = round(1000 * UNDER_WAY_S), round(1000 * KEPT_S)
        found = await self._link.run(BEGIN, key, *times_ms, self._most)
        if found is None:
            return None
        answer = self._seal.open(key, found) if found else None
        if answer is None:
            if found:
                _logger.error("an answer cannot be read: is TOKEN_KEY the same at all servers?")
            raise RequestUnderWayError
        return answer

    async def keep(self, key: str, answer: Answer) -> None:
        """Remember what it was answered with."""
        await self._link.run(KEEP, key, self._seal.seal(key, answer), round(1000 * KEPT_S))

    async def forget(self, key: str) -> None:
        """Let it be tried anew."""
        await self._link.run(FORGET, key)
