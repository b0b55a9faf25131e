"""The calls of one meeting whose participants a bot feeds over one socket."""

from __future__ import annotations

import json
import logging
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from starlette.websockets import WebSocket

from stream_verifier.access.scopes import Scope
from stream_verifier.calls.session import Session
from stream_verifier.decoded.participant import ParticipantMedia
from stream_verifier.errors import PassingError, ProtocolError, StreamVerifierError
from stream_verifier.events.decoded_messages import StartDecoded
from stream_verifier.web.access import admit, client_of, count_opening
from stream_verifier.web.refusals import note_refusal
from stream_verifier.web.state import state_of

_logger = logging.getLogger(__name__)
_MOST_PARTICIPANTS = 64
_ASK_AGAIN_S = 30.0


@dataclass(frozen=True, slots=True)
class Who:
    """Who of a meeting is verified, and by which right.

    Attributes:
        token: with the scope to open calls in those names.
        identities: the name of whoever is enrolled, by what the participant is called there.
    """

    token: str | None
    identities: Mapping[str, str]

    def identity_of(self, names: Iterable[str]) -> str | None:
        """Whom a participant of these names is said to be; None: nobody who is verified."""
        spelt = (_spelt(name) for name in names)
        return next((self.identities[name] for name in spelt if name in self.identities), None)


def _spelt(name: str) -> str:
    return name.strip().casefold()


def who_of(token: str | None, identities: str) -> Who:
    """Read whom a bot's own words name.

    Args:
        token: as it was given.
        identities: a JSON object, from a participant's name or address to an identity's.

    Raises:
        ProtocolError: it is none.
    """
    try:
        named = json.loads(identities)
    except (ValueError, RecursionError):
        named = None
    if not (isinstance(named, dict) and 0 < len(named) <= _MOST_PARTICIPANTS) or not all(
        isinstance(one, str) for one in named.values()
    ):
        raise ProtocolError(
            f"Whom to verify is a JSON object of 1 to {_MOST_PARTICIPANTS} entries, "
            'such as {"name or address of a participant": "identity"}.'
        )
    return Who(token, {_spelt(key): value for key, value in named.items()})


class Meeting:
    """Opens a call for each participant who is to be verified, and feeds it.

    A participant is who the meeting says it is; that this is so is what the call finds out.

    Args:
        websocket: of the bot.
        who: is verified.
    """

    def __init__(self, websocket: WebSocket, who: Who) -> None:
        self._websocket = websocket
        self._who = who
        self._calls: dict[str, Session] = {}
        self._not_before_s: dict[str, float] = {}
        self._passed_over: Counter[str] = Counter()

    async def take(self, media: ParticipantMedia) -> None:
        """Feed what came, to a call that is opened for it where none runs yet.

        Raises:
            ProtocolError: it is nothing that may be sent.
        """
        if media.left:
            self._leave(media.participant)
            return
        if not media.pieces or (session := await self._call_of(media)) is None:
            return
        for piece in media.pieces:
            session.connection.feed(piece)

    def close(self) -> None:
        """End all calls: the bot is gone."""
        for session in self._calls.values():
            session.request_end("peer_closed")

    def _leave(self, participant: str) -> None:
        self._not_before_s.pop(participant, None)
        if (session := self._calls.pop(participant, None)) is not None:
            session.request_end("stopped")

    async def _call_of(self, media: ParticipantMedia) -> Session | None:
        """The call of a participant; None where there is none, or somebody has ended it."""
        session = self._calls.get(media.participant)
        if session is not None:
            return None if session.ending else session
        now_s = time.monotonic()
        if now_s < self._not_before_s.get(media.participant, now_s):
            return None
        if (identity := self._who.identity_of(media.names)) is None:
            self._passed_over["not_named"] += 1  # most of a meeting may be
            return None
        if not self._has_room():
            self._put_off(media.participant, "too_many_participants", _ASK_AGAIN_S)
            return None
        return await self._open(media.participant, identity)

    def _has_room(self) -> bool:
        """Whether one more may be followed; those whose calls have ended make room."""
        if len(self._calls) >= _MOST_PARTICIPANTS:
            self._calls = {key: one for key, one in self._calls.items() if not one.ending}
        return len(self._calls) < _MOST_PARTICIPANTS

    async def _open(self, participant: str, identity: str) -> Session | None:
        websocket = self._websocket
        try:
            grant = admit(websocket, self._who.token, Scope.PUBLISH, identity=identity)
            await count_opening(websocket, grant)
            start = StartDecoded(type="start", mode="verify", identity=identity)
            session, _ = await state_of(websocket).sessions.open(
                start, grant=grant, socket=False, client=client_of(websocket)
            )
        except StreamVerifierError as error:
            note_refusal(websocket, error)
            wait_s = error.retry_after_s if isinstance(error, PassingError) else _ASK_AGAIN_S
            self._put_off(participant, error.code, wait_s)
            return None
        except ValueError:  # nobody can be enrolled under that name
            self._put_off(participant, "bad_identity", _ASK_AGAIN_S)
            return None
        self._not_before_s.pop(participant, None)
        self._calls[participant] = session
        return session

    def _put_off(self, participant: str, why: str, wait_s: float) -> None:
        """Take no media of a participant for a while; count it, and log the first of a kind."""
        if len(self._not_before_s) >= _MOST_PARTICIPANTS:
            self._not_before_s.pop(next(iter(self._not_before_s)))
        self._not_before_s[participant] = time.monotonic() + max(wait_s, 1.0)
        self._passed_over[why] += 1
        if self._passed_over[why] == 1:
            _logger.warning("a meeting's participant is not verified: %s", why)
