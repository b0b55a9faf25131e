"""What LiveKit's native library says to its Python package, which runs whole above this.

A room's participants, tracks and frames are as a test makes them. All that the package does with
them, its own events among them, is its own code: it is spoken to in its own messages.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from livekit import rtc
from livekit.rtc import _ffi_client
from livekit.rtc._proto import (
    audio_frame_pb2,
    e2ee_pb2,
    ffi_pb2,
    participant_pb2,
    room_pb2,
    track_pb2,
    video_frame_pb2,
)

CAMERA = rtc.TrackSource.SOURCE_CAMERA
MICROPHONE = rtc.TrackSource.SOURCE_MICROPHONE
SCREEN = rtc.TrackSource.SOURCE_SCREENSHARE


@dataclass
class Track:
    """One that somebody has published."""

    sid: str
    source: int
    muted: bool = False
    simulcasted: bool = False
    encrypted: bool = False
    mime: str = "video/VP8"

    @property
    def kind(self) -> int:
        sound = self.source in (MICROPHONE, rtc.TrackSource.SOURCE_SCREENSHARE_AUDIO)
        return rtc.TrackKind.KIND_AUDIO if sound else rtc.TrackKind.KIND_VIDEO


@dataclass
class Person:
    """Somebody in the room."""

    identity: str
    name: str = ""
    kind: int = participant_pb2.PARTICIPANT_KIND_STANDARD
    tracks: dict[str, Track] = field(default_factory=dict)
    sid: str = ""


class LiveKitDouble:
    """Stands where the package's connection to its native library stands."""

    def __init__(self) -> None:
        self.queue: Any = _ffi_client.FfiQueue()
        self.people: dict[str, Person] = {}
        self.connects: str | None = ""
        """What connecting fails with; None: it never ends."""
        self.tokens: list[str] = []
        self.options: Any = None
        self.subscribed: set[str] = set()
        self.wanted: list[tuple[str, bool]] = []
        self.qualities: list[tuple[str, int]] = []
        self.said: list[tuple[str, bytes]] = []
        self.says_error = ""
        self.left = 0
        self.streams: dict[int, str] = {}
        self.stamps_us = 0
        self._pid = os.getpid()
        self._ffi_lib = self
        self._handles = itertools.count(1)
        self._sids: dict[int, str] = {}
        self._buffers: dict[int, Any] = {}
        self._room = 0
        self._late: list[int] = []

    # What the package asks for.

    def request(self, request: Any) -> Any:
        response = ffi_pb2.FfiResponse()
        getattr(self, f"_do_{request.WhichOneof('message')}")(request, response)
        return response

    def livekit_ffi_drop_handle(self, handle: ctypes.c_uint64) -> bool:
        self._buffers.pop(handle.value, None)
        if self.streams.pop(handle.value, None) is not None:
            self._end_stream(handle.value)
        return True

    def _do_connect(self, request: Any, response: Any) -> None:
        asked = request.connect
        self.tokens.append(asked.token)
        self.options = asked.options
        response.connect.async_id = next(self._handles)
        self._late.append(response.connect.async_id)
        if self.connects is not None:
            self.let_in()

    def let_in(self) -> None:
        """Answer those who wait to connect."""
        for async_id in self._late:
            event = ffi_pb2.FfiEvent()
            event.connect.async_id = async_id
            if self.connects:
                event.connect.error = self.connects
            else:
                self._room = next(self._handles)
                result = event.connect.result
                result.room.handle.id = self._room
                result.room.info.name = "meeting"
                result.local_participant.handle.id = next(self._handles)
                result.local_participant.info.identity = "us"
                for person in self.people.values():
                    entry = result.participants.add()
                    self._describe(person, entry.participant)
                    for track in person.tracks.values():
                        self._publish(track, entry.publications.add())
            self.queue.put(event)
        self._late.clear()

    def _do_ready_for_room_event(self, request: Any, response: Any) -> None:
        pass

    def _do_disconnect(self, request: Any, response: Any) -> None:
        self.left += 1
        response.disconnect.async_id = next(self._handles)
        self._room_event(eos=room_pb2.RoomEOS())
        event = ffi_pb2.FfiEvent()
        event.disconnect.async_id = response.disconnect.async_id
        self.queue.put(event)

    def _do_set_subscribed(self, request: Any, response: Any) -> None:
        sid, wanted = self._sids[request.set_subscribed.publication_handle], True
        wanted = request.set_subscribed.subscribe
        self.wanted.append((sid, wanted))
        if wanted and sid not in self.subscribed:
            self.subscribe(sid)
        elif not wanted and sid in self.subscribed:
            self.unsubscribe(sid)

    def _do_set_remote_track_publication_quality(self, request: Any, response: Any) -> None:
        asked = request.set_remote_track_publication_quality
        self.qualities.append((self._sids[asked.track_publication_handle], asked.quality))

    def _do_new_audio_stream(self, request: Any, response: Any) -> None:
        asked = request.new_audio_stream
        assert (asked.sample_rate, asked.num_channels) == (16_000, 2)
        stream = response.new_audio_stream.stream
        stream.handle.id = next(self._handles)
        self.streams[stream.handle.id] = self._sids[asked.track_handle]

    def _do_new_video_stream(self, request: Any, response: Any) -> None:
        asked = request.new_video_stream
        assert asked.format == rtc.VideoBufferType.I420
        stream = response.new_video_stream.stream
        stream.handle.id = next(self._handles)
        self.streams[stream.handle.id] = self._sids[asked.track_handle]

    def _do_new_audio_resampler(self, request: Any, response: Any) -> None:
        response.new_audio_resampler.resampler.handle.id = next(self._handles)

    def _do_new_sox_resampler(self, request: Any, response: Any) -> None:
        response.new_sox_resampler.resampler.handle.id = next(self._handles)

    def _do_publish_data(self, request: Any, response: Any) -> None:
        asked = request.publish_data
        self.said.append((asked.topic, ctypes.string_at(asked.data_ptr, asked.data_len)))
        response.publish_data.async_id = next(self._handles)
        event = ffi_pb2.FfiEvent()
        event.publish_data.async_id = response.publish_data.async_id
        if self.says_error:
            event.publish_data.error = self.says_error
        self.queue.put(event)

    # What happens in the room.

    def join(self, person: Person) -> None:
        person.sid = person.sid or f"PA_{next(self._handles)}"
        self.people[person.identity] = person
        connected = room_pb2.ParticipantConnected()
        self._describe(person, connected.info)
        self._room_event(participant_connected=connected)
        for track in person.tracks.values():
            self._published(person, track)

    def go(self, identity: str) -> None:
        person = self.people.pop(identity)
        for sid in [*person.tracks]:
            if sid in self.subscribed:
                self.unsubscribe(sid, person)
            self._unpublished(person, sid)
        self._room_event(
            participant_disconnected=room_pb2.ParticipantDisconnected(
                participant_identity=identity,
                disconnect_reason=participant_pb2.CLIENT_INITIATED,
            )
        )

    def publish(self, identity: str, track: Track) -> None:
        self.people[identity].tracks[track.sid] = track
        self._published(self.people[identity], track)

    def unpublish(self, identity: str, sid: str) -> None:
        if sid in self.subscribed:
            self.unsubscribe(sid)
        del self.people[identity].tracks[sid]
        self._unpublished(self.people[identity], sid)

    def mute(self, identity: str, sid: str, *, muted: bool = True) -> None:
        self.people[identity].tracks[sid].muted = muted
        said = room_pb2.TrackMuted if muted else room_pb2.TrackUnmuted
        name = "track_muted" if muted else "track_unmuted"
        self._room_event(**{name: said(participant_identity=identity, track_sid=sid)})

    def rename(self, identity: str, name: str) -> None:
        self.people[identity].name = name
        said = room_pb2.ParticipantNameChanged(participant_identity=identity, name=name)
        self._room_event(participant_name_changed=said)

    def subscribe(self, sid: str) -> None:
        person = self._owner(sid)
        self.subscribed.add(sid)
        said = room_pb2.TrackSubscribed(participant_identity=person.identity)
        said.track.handle.id = self._handle_of(sid)
        said.track.info.sid = sid
        said.track.info.kind = person.tracks[sid].kind  # type: ignore[assignment]
        self._room_event(track_subscribed=said)

    def unsubscribe(self, sid: str, person: Person | None = None) -> None:
        self.subscribed.discard(sid)
        owner = person or self._owner(sid)
        self._room_event(
            track_unsubscribed=room_pb2.TrackUnsubscribed(
                participant_identity=owner.identity, track_sid=sid
            )
        )

    def reconnect(self) -> None:
        """The connection breaks, and is made anew; the server has forgotten subscriptions."""
        self._room_event(reconnecting=room_pb2.Reconnecting())
        for sid in [*self.subscribed]:
            self.unsubscribe(sid)
        self._room_event(reconnected=room_pb2.Reconnected())

    def stumble(self) -> None:
        """The connection breaks, and the package begins to make it anew."""
        self._room_event(reconnecting=room_pb2.Reconnecting())

    def disconnect(self, reason: int) -> None:
        state = room_pb2.ConnectionStateChanged(state=rtc.ConnectionState.CONN_DISCONNECTED)
        self._room_event(connection_state_changed=state)
        self._room_event(disconnected=room_pb2.Disconnected(reason=reason))  # type: ignore[arg-type]
        self._room_event(eos=room_pb2.RoomEOS())

    def lose(self) -> None:
        """The connection ends without a word why."""
        state = room_pb2.ConnectionStateChanged(state=rtc.ConnectionState.CONN_DISCONNECTED)
        self._room_event(connection_state_changed=state)

    def move(self) -> None:
        self._room_event(moved=room_pb2.RoomInfo(name="another"))

    # What comes of the tracks.

    def sound(self, sid: str, pcm: bytes) -> None:
        """Two channels of it, at 16 kHz."""
        for stream in self._streams_of(sid):
            event = audio_frame_pb2.AudioStreamEvent(stream_handle=stream)
            frame = event.frame_received.frame
            frame.handle.id, frame.info.data_ptr = self._buffer(pcm)
            frame.info.num_channels, frame.info.sample_rate = 2, 16_000
            frame.info.samples_per_channel = len(pcm) // 4
            self.queue.put(ffi_pb2.FfiEvent(audio_stream_event=event))

    def picture(
        self,
        sid: str,
        data: bytes,
        size: tuple[int, int],
        *,
        stamp_us: int,
        rotation: int = rtc.VideoRotation.VIDEO_ROTATION_0,
    ) -> None:
        for stream in self._streams_of(sid):
            event = video_frame_pb2.VideoStreamEvent(stream_handle=stream)
            received = event.frame_received
            received.buffer.handle.id, received.buffer.info.data_ptr = self._buffer(data)
            received.buffer.info.type = rtc.VideoBufferType.I420
            received.buffer.info.width, received.buffer.info.height = size
            received.timestamp_us, received.rotation = stamp_us, rotation  # type: ignore[assignment]
            self.queue.put(ffi_pb2.FfiEvent(video_stream_event=event))

    async def play(self, sound: str, picture: str, size: tuple[int, int] = (64, 48)) -> None:
        """Send silence and grey pictures until cancelled."""
        data = bytes([128]) * (size[0] * size[1] * 3 // 2)
        for step in itertools.count():
            for _ in range(5):
                self.sound(sound, bytes(4 * 160))
            self.picture(picture, data, size, stamp_us=7_000_000 + step * 50_000)
            await asyncio.sleep(0.05)

    def _streams_of(self, sid: str) -> list[int]:
        return [handle for handle, of in self.streams.items() if of == sid]

    def _end_stream(self, handle: int) -> None:
        audio = audio_frame_pb2.AudioStreamEvent(
            stream_handle=handle, eos=audio_frame_pb2.AudioStreamEOS()
        )
        video = video_frame_pb2.VideoStreamEvent(
            stream_handle=handle, eos=video_frame_pb2.VideoStreamEOS()
        )
        self.queue.put(ffi_pb2.FfiEvent(audio_stream_event=audio))
        self.queue.put(ffi_pb2.FfiEvent(video_stream_event=video))

    def _buffer(self, data: bytes) -> tuple[int, int]:
        handle = next(self._handles)
        self._buffers[handle] = buffer = (ctypes.c_uint8 * len(data)).from_buffer_copy(data)
        return handle, ctypes.addressof(buffer)

    def _owner(self, sid: str) -> Person:
        return next(one for one in self.people.values() if sid in one.tracks)

    def _handle_of(self, sid: str) -> int:
        handle = next(self._handles)
        self._sids[handle] = sid
        return handle

    def _describe(self, person: Person, info: Any) -> None:
        info.handle.id = next(self._handles)
        info.info.identity, info.info.name = person.identity, person.name
        info.info.sid, info.info.kind = person.sid, person.kind

    def _publish(self, track: Track, owned: Any) -> None:
        owned.handle.id = self._handle_of(track.sid)
        info: track_pb2.TrackPublicationInfo = owned.info
        info.sid, info.kind, info.source = track.sid, track.kind, track.source  # type: ignore[assignment]
        info.muted, info.simulcasted, info.mime_type = track.muted, track.simulcasted, track.mime
        info.encryption_type = e2ee_pb2.GCM if track.encrypted else e2ee_pb2.NONE

    def _published(self, person: Person, track: Track) -> None:
        said = room_pb2.TrackPublished(participant_identity=person.identity)
        self._publish(track, said.publication)
        self._room_event(track_published=said)

    def _unpublished(self, person: Person, sid: str) -> None:
        said = room_pb2.TrackUnpublished(participant_identity=person.identity, publication_sid=sid)
        self._room_event(track_unpublished=said)

    def _room_event(self, **what: Any) -> None:
        event = room_pb2.RoomEvent(room_handle=self._room, **what)
        self.queue.put(ffi_pb2.FfiEvent(room_event=event))


def person(identity: str, *sources: int, name: str = "", **more: Any) -> Person:
    """Somebody with tracks, which are named after him."""
    names: dict[int, str] = {CAMERA: "cam", MICROPHONE: "mic", SCREEN: "screen"}
    tracks = [Track(f"TR_{names[one]}_{identity}", one, **more) for one in sources]
    return Person(identity, name, tracks={one.sid: one for one in tracks}, sid=f"PA_{identity}")


@contextmanager
def livekit_double() -> Iterator[LiveKitDouble]:
    """Have the package speak to a double."""
    double = LiveKitDouble()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_ffi_client.FfiClient, "_instance", double)
        patch.setattr(_ffi_client.FfiClient, "_ffi_disposed", False)
        yield double
        gc.collect()  # what the package lets go of only then goes to the double, too
        for handle in [*_ffi_client._live_handles]:
            handle.mark_consumed()
