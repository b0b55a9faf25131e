"""Requests that a client sends again, not knowing whether they were heard: each is done once."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from stream_verifier.errors import RefusedRecordError, RequestUnderWayError
from stream_verifier.identities.keys import derived_key, parse_key
from stream_verifier.identities.vault import seal, unseal

KEPT_S = 3600.0
"""An answer is about a person, and whoever sends again does so within minutes."""
UNDER_WAY_S = 300.0
"""Longer than any request takes; so long one counts as under way whose server is gone."""
MOST_KEPT = 1000
_INFO = b"stream-verifier answers 1"


class Answer(BaseModel):
    """What a request was answered with.

    Attributes:
        fingerprint: of all that was asked for; another one is another request.
        status: of HTTP.
        media_type: of the body.
        body: as it was sent.
    """

    model_config = ConfigDict(frozen=True)

    fingerprint: str
    status: int
    media_type: str
    body: str


class Repeats(Protocol):
    """Remembers requests by keys; each is somebody's alone, as whoever asks makes sure."""

    async def begin(self, key: str) -> Answer | None:
        """Note that a request is under way, unless it was answered before.

        Returns:
            What it was answered with; None: nobody did it, and whoever asks now does.

        Raises:
            RequestUnderWayError: somebody does it now.
            FleetError: others are to know of it, and cannot be asked.
        """
        ...

    async def keep(self, key: str, answer: Answer) -> None:
        """Remember for a while what one that was under way was answered with.

        Raises:
            FleetError: others cannot be told; it counts as under way for `UNDER_WAY_S`.
        """
        ...

    async def forget(self, key: str) -> None:
        """Let one that came to nothing be tried anew.

        Raises:
            FleetError: as with `keep`.
        """
        ...


class LocalRepeats:
    """The `Repeats` of a server that is alone: in its memory.

    Args:
        most: so many are remembered; of more the oldest is forgotten.
        now_s: a clock that never goes back.
    """

    def __init__(
        self, *, most: int = MOST_KEPT, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = most
        self._now_s = now_s
        self._under_way: set[str] = set()
        self._answers: OrderedDict[str, tuple[float, Answer]] = OrderedDict()

    async def begin(self, key: str) -> Answer | None:
        """Note that a request is under way, unless it was answered before."""
        self._forget_old()
        if key in self._under_way:
            raise RequestUnderWayError
        if key in self._answers:
            return self._answers[key][1]
        self._under_way.add(key)
        return None

    async def keep(self, key: str, answer: Answer) -> None:
        """Remember what it was answered with."""
        self._under_way.discard(key)
        self._answers[key] = self._now_s(), answer
        self._forget_old()

    async def forget(self, key: str) -> None:
        """Let it be tried anew."""
        self._under_way.discard(key)

    def _forget_old(self) -> None:
        until_s = self._now_s() - KEPT_S
        while self._answers:
            since_s, _ = next(iter(self._answers.values()))
            if since_s > until_s and len(self._answers) <= self._most:
                return
            self._answers.popitem(last=False)


class AnswerSeal:
    """Seals answers with AES-256-GCM where others may read them, each bound to its key.

    Args:
        token_key: that all servers of a fleet have.
    """

    def __init__(self, token_key: bytes) -> None:
        self._key = derived_key(token_key, _INFO)

    @classmethod
    def of(cls, token_key: str) -> Self:
        """Make it with the key as the settings have it.

        Raises:
            SettingsError: that is none.
        """
        return cls(parse_key(token_key, what="token key"))

    def seal(self, key: str, answer: Answer) -> bytes:
        """Encrypt an answer."""
        return seal(self._key, answer.model_dump_json().encode(), context=key)

    def open(self, key: str, sealed: bytes) -> Answer | None:
        """Read an answer; None where it was changed, or another key sealed it."""
        try:
            return Answer.model_validate_json(unseal(self._key, sealed, context=key))
        except (RefusedRecordError, ValidationError):
            return None
