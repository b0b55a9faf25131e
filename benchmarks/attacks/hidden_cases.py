"""Attacks by what players show and play, and a server might not look at or hear."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import islice

import av
import numpy as np

from benchmarks.attacks.clips import EILEEN, FPS, GRACE, Clips, Picture, Sound
from benchmarks.attacks.media_cases import GENUINE_S, MediaAttack
from benchmarks.attacks.sending import Script, Sent, only, since, until
from stream_verifier.demo.people import DemoPerson, portrait_frames
from stream_verifier.media.types import SAMPLE_RATE_HZ

_SMALL, _LARGE = (320, 240), (2048, 1536)
_TWINS_S, _FLICKER_S = 0.002, 0.001
_LONG_PACKET_S = 0.06
_EARLY_S = 0.005
_LEFT_OUT, _GIVEN = 400, 400
"""Numbers: more than 4 s of pictures need, either one's."""


def _begun(clips: Clips) -> Script:
    return until(clips.call(GRACE, GRACE), GENUINE_S)


def _own_voice(clips: Clips) -> Script:
    return only(since(clips.call(GRACE, GRACE), GENUINE_S), "audio")


def _own_face(clips: Clips) -> Script:
    return only(since(clips.call(GRACE, GRACE), GENUINE_S), "video")


def _pictures(
    clips: Clips, face: DemoPerson, *, keys_every: int = 1, size: tuple[int, int] = (640, 480)
) -> Iterator[bytes]:
    """Encoded pictures of which every so many refer to none before, for as long as is left."""
    return _coded(_portrait(clips, face, size), keys_every=keys_every, size=size)


def _portrait(clips: Clips, face: DemoPerson, size: tuple[int, int]) -> Iterator[Picture]:
    return portrait_frames(face, seconds=clips.seconds - GENUINE_S, fps=FPS, size=size)


def _coded(
    pictures: Iterable[Picture], *, keys_every: int, size: tuple[int, int]
) -> Iterator[bytes]:
    context = av.CodecContext.create("libvpx", "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = *size, "yuv420p"
    context.framerate, context.time_base = Fraction(FPS), Fraction(1, FPS)
    context.bit_rate, context.gop_size, context.thread_count = 6 * size[0] * size[1], keys_every, 1
    context.options = {"deadline": "realtime", "cpu-used": "-8", "lag-in-frames": "0"}
    for number, image in enumerate(pictures):
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="bgr24")
        frame = frame.reformat(format="yuv420p")
        frame.pts = number
        if number % keys_every == 0:
            frame.pict_type = av.video.frame.PictureType.I
        yield from (bytes(packet) for packet in context.encode(frame))


def _seen(at_s: float, data: bytes, *, says_s: float | None = None, late_s: float = 0.0) -> Sent:
    return Sent("video", at_s, at_s if says_s is None else says_s, data, late_s=late_s)


def _twins(clips: Clips) -> Script:
    """Two whole pictures of each date: a decoder of both at once shows the right one."""
    pairs = zip(_pictures(clips, GRACE), _pictures(clips, EILEEN), strict=True)
    sent: Script = []
    for number, (own, other) in enumerate(pairs):
        at_s = GENUINE_S + number / FPS
        sent += [_seen(at_s, own), _seen(at_s + _TWINS_S, other, says_s=at_s)]
    return _begun(clips) + _own_voice(clips) + sent


def _flicker(clips: Clips) -> Script:
    """Fifteen right pictures within 15 ms, then the impostor's until the next half second."""
    # Small ones: whoever sends more at once loses some on the way.
    own, others = (list(_pictures(clips, face, size=_SMALL)) for face in (GRACE, EILEEN))
    sent: Script = []
    for number, at_s in enumerate(np.arange(GENUINE_S, clips.seconds, 0.5).tolist()):
        # Pictures from here and there, so that which of them differ says nothing.
        shown = [own[(7 * number + 150 * (step % 2)) % len(own)] for step in range(15)]
        shown.append(others[number])
        sent += [_seen(at_s + step * _FLICKER_S, data) for step, data in enumerate(shown)]
    return _begun(clips) + _own_voice(clips) + sent


def _too_large(clips: Clips) -> Script:
    """The impostor's pictures are larger than are taken: six of ten."""
    large = list(islice(_pictures(clips, EILEEN, size=_LARGE), 6))
    sent: Script = []
    for number, own in enumerate(_pictures(clips, GRACE)):
        at_s = GENUINE_S + number / FPS
        sent.append(_seen(at_s, own if number % 10 < 4 else large[number % 10 - 4]))
    return _begun(clips) + _own_voice(clips) + sent


def _late(clips: Clips) -> Script:
    """The first of each six of the impostor's pictures comes too late for who waits less."""
    others = _pictures(clips, EILEEN, keys_every=6)
    sent: Script = []
    for number, own in enumerate(_pictures(clips, GRACE)):
        at_s, step = GENUINE_S + number / FPS, number % 9
        if step < 3:
            sent.append(_seen(at_s, own))
        else:
            sent.append(_seen(at_s, next(others), late_s=0.5 if step == 3 else 0.0))
    return _begun(clips) + _own_voice(clips) + sent


def _behind(clips: Clips) -> Script:
    """Numbers leap ahead each 4 s; soon the impostor's pictures have those that were left out.

    Who has given these up drops them as late, and more are never missing: who goes by dates shows
    all of them.
    """
    others = _pictures(clips, EILEEN, size=_SMALL)
    sent: Script = []
    for number, own in enumerate(_pictures(clips, GRACE, size=_SMALL)):
        at_s = GENUINE_S + number / FPS
        period, step = divmod(number, 4 * FPS)
        genuine = step < FPS or number % 3 == 0
        ahead = period * (_LEFT_OUT + _GIVEN) + (_LEFT_OUT if genuine else 0)
        sent.append(replace(_seen(at_s, own if genuine else next(others)), ahead=ahead))
    return _begun(clips) + _own_voice(clips) + sent


def _out_of_their_numbers(clips: Clips) -> Script:
    """Each picture is drawn over the one before, which players leave out for its number.

    Three a time: the impostor's and the right one, coded and not to be shown, of which the second
    says that it came before the first; then one that says to show what is there.
    """
    sent: Script = []
    faces = zip(*(_portrait(clips, face, _SMALL) for face in (EILEEN, GRACE)), strict=True)
    triples = (one for other, own in faces for one in (other, own, own))
    coded = _coded(triples, keys_every=3, size=_SMALL)
    for step, (other, own, same) in enumerate(zip(coded, coded, coded, strict=True)):
        at_s, number = GENUINE_S + step / FPS, 2 * step + 1
        sent += [
            replace(_seen(at_s, _not_shown(other)), picture=number),
            replace(_seen(at_s + _FLICKER_S, _not_shown(own)), picture=number - 1),
            replace(_seen(at_s + 2 * _FLICKER_S, same), picture=number + 1),
        ]
    return _begun(clips) + _own_voice(clips) + sent


def _not_shown(data: bytes) -> bytes:
    """A picture that is decoded and not shown (RFC 6386, section 9.1)."""
    return bytes([data[0] & ~0x10]) + data[1:]


def _packets(sound: Sound, packet_s: float, *, says_again: bool = False) -> list[bytes]:
    """Opus packets of one channel, such that their words may be said again in the next one."""
    context = av.CodecContext.create("libopus", "w")
    assert isinstance(context, av.AudioCodecContext)
    context.sample_rate, context.layout, context.format = SAMPLE_RATE_HZ, "mono", "s16"
    context.bit_rate = 24_000
    context.options = {
        "application": "voip",
        "frame_duration": f"{1000 * packet_s:g}",
        **({"fec": "1", "packet_loss": "30"} if says_again else {}),
    }
    samples = np.clip(np.rint(sound), -32768, 32767).astype(np.int16)
    step = round(packet_s * SAMPLE_RATE_HZ)
    packets: list[bytes] = []
    for start in range(0, len(samples) - step + 1, step):
        block = np.ascontiguousarray(samples[start : start + step]).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(block, format="s16", layout="mono")
        frame.sample_rate, frame.pts = SAMPLE_RATE_HZ, start
        packets += [bytes(packet) for packet in context.encode(frame)]
    return packets


def _said_again(clips: Clips) -> Script:
    """The impostor's words are but said again, in holes; the right ones for 2 s of each 12 s."""
    own, other = (clips.speech(person) for person in (GRACE, EILEEN))
    step = round(_LONG_PACKET_S * SAMPLE_RATE_HZ)
    every_second = np.arange(len(other)) // step % 2 == 0
    said = _packets(np.where(every_second, other, 0.0), _LONG_PACKET_S, says_again=True)
    sent: Script = []
    for number, (mine, theirs) in enumerate(zip(_packets(own, _LONG_PACKET_S), said, strict=True)):
        at_s = number * _LONG_PACKET_S
        genuine = (at_s - GENUINE_S) % 12.0 >= 10.0
        if at_s >= GENUINE_S and (genuine or number % 2):
            sent.append(Sent("audio", at_s, at_s, mine if genuine else theirs))
    return _begun(clips) + _own_face(clips) + sent


def _in_its_place(clips: Clips) -> Script:
    """The right words begin 5 ms before their turn, which players drop, the impostor's in turn."""
    own, other = (_packets(clips.speech(person), 0.02) for person in (GRACE, EILEEN))
    sent: Script = []
    for number, pair in enumerate(zip(own, other, strict=True)):
        at_s = number * 0.02
        if at_s >= GENUINE_S:
            sent += [
                Sent("audio", at_s, at_s - _EARLY_S, pair[0]),
                Sent("audio", at_s + _TWINS_S, at_s, pair[1]),
            ]
    return _begun(clips) + _own_face(clips) + sent


HIDDEN = (
    MediaAttack("two pictures of each date, the right one and the impostor's", "swap", _twins),
    MediaAttack(
        "right pictures for 15 ms of each half second, the impostor's until the next",
        "swap",
        _flicker,
    ),
    MediaAttack(
        "six of ten pictures are the impostor's, too large to be taken", "swap", _too_large
    ),
    MediaAttack(
        "six of nine pictures are the impostor's, the first of them 0.5 s late", "swap", _late
    ),
    MediaAttack(
        "half of the pictures are the impostor's, of numbers that were left out before",
        "swap",
        _behind,
    ),
    MediaAttack(
        "impostor's words said again (FEC) in holes where no number is missing", "swap", _said_again
    ),
    MediaAttack(
        "pictures drawn over the impostor's, which players leave out for their number",
        "swap",
        _out_of_their_numbers,
    ),
    MediaAttack(
        "right words that players drop, since they begin 5 ms too soon, the impostor's in turn",
        "swap",
        _in_its_place,
    ),
)
