"""One enrolment's whole path from media to a reference; synchronous, as a call's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

from model.types import FaceSample, Reference, VoiceSample
from stream_verifier.events.schema import EnrolmentProgress, Payload
from stream_verifier.identities.enrolment import Enrolment
from stream_verifier.media.types import MediaItem
from stream_verifier.verify.channels.identity import Embedder
from stream_verifier.verify.intake import MediaProgress, Windows
from stream_verifier.verify.schedule import UNSURE, Waiting
from stream_verifier.windows.types import Window

Check: TypeAlias = Callable[[Reference, Sequence[FaceSample], Sequence[VoiceSample]], None]


class EnrolPipeline:
    """Collects samples of one person until there is enough for a reference.

    Args:
        windows: cuts media.
        embedder: makes samples of windows.
        enrolment: decides what is enough and what is missing.
        model_id: the embedding space that the reference is made in.
        check: raises an `EnrolmentError` where a new reference does not fit its own samples.
    """

    def __init__(
        self,
        *,
        windows: Windows,
        embedder: Embedder,
        enrolment: Enrolment,
        model_id: str,
        check: Check = lambda *_: None,
    ) -> None:
        self.windows = self.spared = self.skipped = 0
        self._window: Window | None = None
        self._windows = windows
        self._embedder = embedder
        self._enrolment = enrolment
        self._model_id = model_id
        self._check = check
        self._media = MediaProgress()

    @property
    def waiting(self) -> Waiting | None:
        """The window that waits to be used; somebody looks at the progress bar all the time."""
        if self._window is None or self._window.arrived_s is None:
            return None
        return Waiting(self._window.arrived_s, UNSURE)

    def feed(self, item: MediaItem) -> list[Payload]:
        """Take one media item in and use what it completes; return gaps and progress."""
        payloads = self._media.advance(item)
        return payloads + [self._collect(window) for window in self._windows.feed(item)]

    def take(self, item: MediaItem) -> list[Payload]:
        """Take one media item in; the newest window waits, those before are done without."""
        payloads = self._media.advance(item)
        for window in self._windows.feed(item):
            payloads += self.skip()
            self._window = window
            if window.arrived_s is None:  # media that never was live cannot be late
                payloads += self.score()
        return payloads

    def score(self, *, busy: bool = False) -> list[Payload]:  # noqa: ARG002
        """Use the window that waits; nothing happens where none does."""
        if (window := self._window) is None:
            return []
        self._window = None
        return [self._collect(window)]

    def skip(self) -> list[Payload]:
        """Do without the window that waits: the person has to talk for a little longer."""
        if (window := self._window) is None:
            return []
        self._window = None
        self.skipped += 1
        return [self._collect(window, compared=False)]

    def tick(self, now_s: float) -> list[Payload]:  # noqa: ARG002
        """Nothing fades while an enrolment waits for media."""
        return []

    def finish(self) -> list[Payload]:
        """Use up what is left at the end of the media."""
        return self.score() + [self._collect(window) for window in self._windows.flush()]

    def reference(self) -> Reference:
        """Make the reference.

        Raises:
            EnrolmentError: something is still missing, or it would not know the person on its own
                samples; the message says what.
        """
        reference = self._enrolment.reference(self._model_id)
        self._check(reference, self._enrolment.faces, self._enrolment.voices)
        return reference

    def _collect(self, window: Window, *, compared: bool = True) -> EnrolmentProgress:
        self.windows += 1
        # A small face far behind is no second person before the camera; the windows say which is.
        second_face = "multiple_faces" in window.notes
        # Half a face compares well with the same half, and with nothing else.
        cut = window.face is not None and window.face.cut
        self._enrolment.add(
            face=self._embedder.embed_face(window) if compared and not cut else None,
            voice=self._voice(window) if compared else None,
            start_s=window.start_s if window.speech is None else window.speech.start_s,
            end_s=window.end_s,
            faces_seen=window.faces_seen if second_face else min(window.faces_seen, 1),
            notes=(*window.notes, "face_cut") if cut else window.notes,
        )
        return self._progress(window)

    def _voice(self, window: Window) -> VoiceSample | None:
        """The window's speech, as it is and as a telephone would carry it."""
        whole = self._embedder.embed_voice(window)
        by_telephone = self._embedder.embed_telephone(window)
        if whole is None or by_telephone is None:
            return whole
        return replace(whole, telephone=by_telephone.telephone)

    def _progress(self, window: Window) -> EnrolmentProgress:
        progress = self._enrolment.progress()
        return EnrolmentProgress(
            media_s=window.end_s,
            speech_s=progress.speech_s,
            speech_needed_s=progress.speech_needed_s,
            faces=progress.faces,
            faces_needed=progress.faces_needed,
            missing=list(progress.missing),
            boxes=list(window.boxes),
            complete=progress.complete,
        )
