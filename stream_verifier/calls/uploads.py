"""Enrolments from files that come over the network: nothing of them is ever in a file here."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from model.runtime.adapter import Adapters
from model.types import Reference
from stream_verifier.audit.deed import Actor
from stream_verifier.calls.places import Place
from stream_verifier.calls.tries import Tries
from stream_verifier.errors import CapacityError, EnrolmentError, MediaError, StoppingError
from stream_verifier.identities.consent import Consent
from stream_verifier.identities.destination import Destination, enrolled_as
from stream_verifier.identities.identity import Identity
from stream_verifier.identities.store import IdentityStore
from stream_verifier.media.footage.tracks import KINDS, Kind
from stream_verifier.settings import Settings
from stream_verifier.verify.enrol_files import OF_FACE, OF_VOICE, GivenFile
from stream_verifier.verify.enrol_process import answer, question

WAY = "upload"
MOST_AT_ONCE = 2
WITHIN_S = 150.0
RETRY_AFTER_S = 20
_PROCESS = "stream_verifier.verify.enrol_process"
_OURS = "STREAM_VERIFIER_"

FIELDS: dict[str, Sequence[Kind]] = {"video": KINDS, "face": OF_FACE, "voice": OF_VOICE}
"""What files are given as, and what of them is used; in the order in which they are read."""

_logger = logging.getLogger(__name__)


class Uploads:
    """Makes references of files in processes of their own, so many at once.

    Args:
        store: where references go.
        settings: those of the server.
        model_id: of the model in use.
        adapters: what moves an older model's reference, to compare it with the new one.
        tries: how often somebody else may be tried in a name; by default an account of its own.
    """

    def __init__(
        self,
        store: IdentityStore,
        settings: Settings,
        *,
        model_id: str,
        adapters: Adapters | None = None,
        tries: Tries | None = None,
    ) -> None:
        self._model_id = model_id
        self._adapters = adapters
        self._tries = tries or Tries(most=settings.tries_per_token, told=settings.tries_told)
        self._store = store
        self._settings = settings
        self._held: list[str | None] = []
        self._ended_by_stop: set[asyncio.Task[Any]] = set()
        self._stopping = asyncio.Event()

    @contextmanager
    def place(self, bound_to: str | None) -> Iterator[None]:
        """Hold a place, from before the first byte is read to the end.

        Args:
            bound_to: the name that the token is bound to, whose bearers hold one place at a time,
                so that a slow one leaves the other to others; None: a back end's.

        Raises:
            CapacityError: others hold all of them, or that one.
            StoppingError: the server stops, before it was known what would be enrolled.
        """
        if self._stopping.is_set():
            raise StoppingError
        if len(self._held) >= MOST_AT_ONCE:
            raise CapacityError(
                f"{MOST_AT_ONCE} people are being enrolled from files now: try again soon.",
                retry_after_s=RETRY_AFTER_S,
            )
        if bound_to is not None and bound_to in self._held:
            raise CapacityError(
                "Files are being read for that name already: try again soon.",
                retry_after_s=RETRY_AFTER_S,
            )
        task = asyncio.current_task()
        assert task is not None
        self._held.append(bound_to)
        self._ended_by_stop.add(task)
        try:
            yield
        except asyncio.CancelledError:
            if not self._stopping.is_set():
                raise
            task.uncancel()
            raise StoppingError from None
        finally:
            self._held.remove(bound_to)
            self._ended_by_stop.discard(task)

    def stop(self) -> None:
        """Tell all who hold a place, and whoever comes, that the server stops.

        They may ask another one at once, in place of seeing their connection break. What is being
        stored is.
        """
        self._stopping.set()
        for task in self._ended_by_stop:
            task.cancel()

    async def look(
        self, name: str, *, replaces: bool, adds: bool = False
    ) -> tuple[str, Identity | None]:
        """The spelling of a name, and who is enrolled by it; see `destination.enrolled_as`."""
        return await enrolled_as(
            self._store,
            name,
            replaces=replaces,
            adds=adds,
            model_id=self._model_id,
            adapters=self._adapters,
        )

    async def enrol(
        self,
        name: str,
        files: Sequence[GivenFile],
        consent: Consent,
        *,
        enrolled: Identity | None,
        adds: bool = False,
        place: Place,
        by: Actor,
    ) -> Identity:
        """Enrol a person from files; holds a place.

        Args:
            name: as :meth:`look` spelt it.
            files: with their contents.
            consent: what the person agreed to.
            enrolled: whom it replaces or adds to, as :meth:`look` found.
            adds: whether it adds to that reference.
            place: whom it is about, and with which token.
            by: who asks.

        Raises:
            CapacityError: no process can be started now.
            EnrolmentError: something is missing, as for the same files on the command line.
            OtherPersonError: what would be added is rather not the same person's.
            AlreadyAddedError: it was added before.
            IdentityLockedError: too many others were to be added, or called, in that name.
            MediaError: a file cannot be read.
            UnknownIdentityError, IdentityExistsError: another was enrolled, or the one to be
                replaced or added to deleted, meanwhile.
            ConsentLapsedError, StaleReferenceError: there is nothing any more to add to.
            StoreError: it could not be stored.
        """
        _refuse_half(files)
        destination = Destination(
            name=name,
            consent=consent,
            enrolled=enrolled,
            adds=adds,
            way=WAY,
            recorded_by=by.token_id,
            actor=by,
        )
        async with self._tries.adding(place) if adds else contextlib.nullcontext():
            reference = await self._reference(files)
            if (task := asyncio.current_task()) is not None:
                self._ended_by_stop.discard(task)
            identity, _ = await destination.store(self._store, reference, self._adapters)
        return identity

    async def _reference(self, files: Sequence[GivenFile]) -> Reference:
        process = await _started()
        asked = question(files, self._settings)
        try:
            async with asyncio.timeout(WITHIN_S):
                written, _ = await process.communicate(asked)
        except TimeoutError:
            raise EnrolmentError(
                "The files take too long to be read: give shorter ones. Nothing was enrolled."
            ) from None
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        try:
            return answer(written)
        except ValueError as error:
            _logger.error("files of an enrolment ended their process: %s", process.returncode)
            raise MediaError(
                "The files cannot be read: convert them to JPEG, WAV or MP4 and try again. Nothing "
                "was enrolled."
            ) from error


def given(field: str, number: int, content: bytes) -> GivenFile:
    """A file that was given as one of the `FIELDS`; what its sender calls it is told nobody."""
    return GivenFile(f"{field} {number}", FIELDS[field], content)


async def _started() -> asyncio.subprocess.Process:
    """A process that waits for its question.

    Raises:
        CapacityError: this machine has no room for another, or for the files it takes.
    """
    try:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", _PROCESS),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=_bare_environment(),
        )
    except OSError as error:
        _logger.error("no process reads files of an enrolment: %s", error.strerror)
        raise CapacityError(
            "The server cannot read files now: try again soon. Nothing was enrolled.",
            retry_after_s=RETRY_AFTER_S,
        ) from error


def _refuse_half(files: Sequence[GivenFile]) -> None:
    for kind, name in ((OF_FACE[0], "a face"), (OF_VOICE[0], "a voice")):
        if not any(kind in file.kinds for file in files):
            raise EnrolmentError(
                f"The enrolment lacks {name}: give video, or face together with voice."
            )


def _bare_environment() -> dict[str, str]:
    """What a process finds that is to know no secret: a person's settings stay here.

    Matrices this small are slower on several threads, which a host that mounts the server may
    not know.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    return {"OPENBLAS_NUM_THREADS": "1"} | kept
