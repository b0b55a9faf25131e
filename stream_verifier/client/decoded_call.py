"""A call that is fed with decoded media, from Python."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Literal, Self, cast
from urllib.parse import quote

from stream_verifier.client.backoff import Backoff
from stream_verifier.client.call_socket import TAKEN_OVER, CallSocket, SocketLostError
from stream_verifier.client.connection import socket_url
from stream_verifier.client.token_source import Token, ask
from stream_verifier.decoded.frames import Picture, Piece, Sound, write_frame
from stream_verifier.errors import CallError
from stream_verifier.events.event import Event
from stream_verifier.events.json_object import JsonObject
from stream_verifier.events.reading import read_event
from stream_verifier.events.schema import ChallengeKind, SessionEnded

_logger = logging.getLogger(__name__)

_PATH = "/api/v1/decoded"
_MOST_READY = 1024
_LEFT = 1001
_SPARE = frozenset({"score", "enrolment_progress"})


class DecodedCall:
    """One participant's call: an async context manager to feed and to follow.

    Whoever feeds waits where the network takes no more. A lost connection is made anew for as long
    as the server waits for it: the call goes on, trust begins anew, and what was fed meanwhile is
    counted and gone, since late media is worth nothing. Leaving the context ends the call.

    Args:
        url: the server's http or WebSocket address, with its path prefix if it has one.
        identity: whom the call is with.
        token: with the scope to open calls; a function, plain or async, is asked
            at every connection.
        audio_hz: samples of sound a second.
        mode: "verify", or "enrol" with a consent.
        consent: of who enrols, as in the contract's `start`.
        replaces: whether an enrolment may replace an older one.
        adds: whether it adds to the one that is there, in place of ``replaces``.
        operating_point: the server's where None.
        challenges: kinds that are told to the participant when `challenge_asked` comes, by a
            chat or a voice, say; others are not asked.
        backoff: waits between attempts to come back.

    Attributes:
        session: the call's id.
        resumptions: how often the connection was made anew.
        unsent: pieces that found no connection.
        unread: scores that nobody asked for in time.
    """

    def __init__(  # noqa: PLR0913
        self,
        url: str,
        *,
        identity: str,
        token: Token | None = None,
        audio_hz: int = 16_000,
        mode: Literal["verify", "enrol"] = "verify",
        consent: Mapping[str, object] | None = None,
        replaces: bool = False,
        adds: bool = False,
        operating_point: str | None = None,
        challenges: Sequence[ChallengeKind] = (),
        backoff: Backoff | None = None,
    ) -> None:
        self.session = ""
        self.resumptions = self.unsent = self.unread = 0
        self._url = socket_url(url, _PATH)
        self._token = token
        self._audio_hz = audio_hz
        self._opening: Mapping[str, object] = {
            "mode": mode,
            "identity": identity,
            "consent": consent,
            "replace": replaces or None,
            "add": adds or None,
            "operating_point": operating_point,
            "challenges": [*challenges] or None,
        }
        self._backoff = backoff or Backoff(first_s=0.25, longest_s=3.0)
        self._socket: CallSocket | None = None
        self._following: asyncio.Task[None] | None = None
        self._leaving: asyncio.Task[None] | None = None
        self._ready: deque[Event] = deque()
        self._news = asyncio.Event()
        self._seq = self._untold = 0
        self._ended: SessionEnded | None = None
        self._stopping = False

    async def __aenter__(self) -> Self:
        """Connect and open the call.

        Raises:
            CallRefusedError: the server says no; its `server_code` says why.
            CallError: nobody answers there, or there is no place now.
        """
        first = {"type": "start", **self._opening, **await self._what_follows()}
        self._socket = await CallSocket.open(self._url, first)
        self.session = self._socket.started.session
        self._following = asyncio.create_task(self._follow(self._socket))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the call and leave."""
        tasks = [task for task in (self._following, self._leaving) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._socket is not None:
            await self._socket.close()

    async def audio(self, pcm: bytes, *, at: float) -> None:
        """Feed a second of sound at most.

        Args:
            pcm: int16 little-endian, mono.
            at: seconds on the sender's clock, of the first sample.

        Raises:
            ProtocolError: it is none that a server takes.
            CallError: the call has ended, or was left.
            RuntimeError: the call was not entered.
        """
        await self._feed(Sound(at, pcm))

    async def picture(self, image: bytes, *, at: float) -> None:
        """Feed a picture of the camera.

        Args:
            image: a JPEG or PNG file.
            at: seconds on the sender's clock, the same as that of the sound.

        Raises:
            ProtocolError: it is none that a server takes.
            CallError: the call has ended, or was left.
            RuntimeError: the call was not entered.
        """
        await self._feed(Picture(at, image))

    async def events(self) -> AsyncIterator[Event]:
        """The call's events, each once, to its last.

        Raises:
            CallError: the connection is lost, and cannot be had again.
            RuntimeError: the call was not entered.
        """
        while True:
            while self._ready:
                yield self._ready.popleft()
            if (following := self._entered()).done():
                if not following.cancelled():
                    following.result()
                return
            self._news.clear()
            await self._news.wait()

    async def answer_challenge(self, challenge: str, choice: Literal["skip", "other"]) -> None:
        """Say that the participant skips a challenge, or would rather have another one.

        What a participant does needs no word: it is measured. One that is over already stays so.

        Args:
            challenge: its id, of `challenge_asked`.
            choice: which.
        """
        if self._socket is not None:
            words = {"type": "answer_challenge", "challenge": challenge, "choice": choice}
            with contextlib.suppress(SocketLostError):
                await self._socket.say(words)

    async def finish(self) -> SessionEnded:
        """End the call, and wait for what is still to be said.

        Raises:
            CallError: the connection is lost, and cannot be had again, or the call was left.
            RuntimeError: the call was not entered.
        """
        following = self._entered()
        self._stopping = True
        await self._stop()
        await asyncio.wait({following})
        self._raise_if_failed()
        if self._ended is None:
            raise CallError("The call ended without a word.")
        return self._ended

    async def _stop(self) -> None:
        """Ask for the end, now or, where there is no connection, once there is one again."""
        if self._stopping and self._socket is not None and self._ended is None:
            with contextlib.suppress(SocketLostError):
                await self._socket.say({"type": "stop"})

    async def _what_follows(self) -> dict[str, object]:
        return {"audio_hz": self._audio_hz, "token": await ask(self._token)}

    def _entered(self) -> asyncio.Task[None]:
        if self._following is None:
            raise RuntimeError("Enter the call before using it.")
        return self._following

    def _raise_if_failed(self) -> None:
        following = self._entered()
        if following.cancelled():  # Its result would cancel whoever asks.
            raise CallError("This call was left.")
        if following.done():
            following.result()

    async def _feed(self, piece: Piece) -> None:
        frame = write_frame(piece)
        self._raise_if_failed()
        if self._ended is not None:
            raise CallError(f"This call has ended: {self._ended.reason}.")
        if self._socket is None:
            self.unsent += 1
            return
        try:
            await self._socket.send(frame)
        except SocketLostError:
            self.unsent += 1

    async def _follow(self, socket: CallSocket) -> None:
        """Take in what the server says, over one connection after another, to the call's end."""
        try:
            while True:
                try:
                    while True:
                        self._take(await socket.hear())
                except SocketLostError as lost:
                    if self._ended is not None:
                        return
                    if lost.close_code == TAKEN_OVER:
                        raise
                    _logger.warning("a call's connection is lost: %s", lost)
                socket = await self._come_back(socket)
        finally:
            self._news.set()

    def _take(self, message: JsonObject) -> None:
        if message.get("type") == "going_away":
            self._go_elsewhere(message.get("come_back_within_s"))
            return
        if message.get("type") == "challenge_refused":
            _logger.info("a challenge: %s", message.get("code"))
            return
        try:
            untold = cast("int", message.get("untold", 0))
            event = replace(read_event(message), untold=untold)
        except ValueError as error:
            raise SocketLostError("What came is no event.") from error
        self._seq, self._untold = event.seq, event.untold
        if isinstance(event.payload, SessionEnded):
            self._ended = event.payload
        if len(self._ready) >= _MOST_READY:
            self._make_room()
        self._ready.append(event)
        self._news.set()

    def _make_room(self) -> None:
        """Let go of the oldest event that a newer one tells as well, else of the oldest."""
        spare = next((one for one in self._ready if one.type in _SPARE), self._ready[0])
        self._ready.remove(spare)
        self.unread += 1

    def _go_elsewhere(self, within_s: object) -> None:
        """Resume at a moment by chance: another server goes on with the call."""
        if isinstance(within_s, int | float) and self._leaving is None:
            self._leaving = asyncio.create_task(self._leave(random.uniform(0, within_s)))

    async def _leave(self, in_s: float) -> None:
        await asyncio.sleep(in_s)
        if self._socket is not None:
            await self._socket.close(_LEFT)
        self._leaving = None

    async def _come_back(self, lost: CallSocket) -> CallSocket:
        """Resume, for as long as the server waits.

        Raises:
            CallError: it does not wait any more, or says no.
        """
        self._socket, wait_s = None, lost.started.resume_within_s
        give_up_s = asyncio.get_running_loop().time() + wait_s
        await lost.close(_LEFT)
        failures = 0
        while True:
            try:
                self._socket = await CallSocket.open(
                    f"{self._url}/{quote(self.session, safe='')}", await self._resume(lost)
                )
            except SocketLostError:
                failures += 1
                delay_s = self._backoff.delay_s(failures)
                if asyncio.get_running_loop().time() + delay_s > give_up_s:
                    raise
                await asyncio.sleep(delay_s)
            else:
                self.resumptions += 1
                await self._stop()
                return self._socket

    async def _resume(self, lost: CallSocket) -> Mapping[str, object]:
        return {
            "type": "resume",
            "session": self.session,
            "resume_key": lost.started.resume_key,
            "after": self._seq,
            "untold": self._untold,
            **await self._what_follows(),
        }
