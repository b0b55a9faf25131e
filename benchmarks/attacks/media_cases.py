"""Attacks by what is sent once a call is verified: its media, and the time that it claims."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.attacks.clips import EILEEN, FPS, GRACE, Clips, Sound, encode_sound
from benchmarks.attacks.sending import Script, Sent, only, redated, since, until

GENUINE_S = 8.0
"""The caller is the enrolled person for so long; then the attack begins."""


@dataclass(frozen=True, slots=True)
class MediaAttack:
    """One attack.

    Attributes:
        name: in few words.
        honest: which honest thing ends a verdict as this should: "silence" or "swap".
        script: makes what is sent of the clips.
        quick: whether it is tried in the tests too.
    """

    name: str
    honest: str
    script: Callable[[Clips], Script]
    quick: bool = False


def _own(clips: Clips) -> Script:
    return clips.call(GRACE, GRACE)


def _begun(clips: Clips) -> Script:
    return until(_own(clips), GENUINE_S)


def silence(clips: Clips) -> Script:
    """The honest case: nothing more comes."""
    return _begun(clips)


def swap(clips: Clips) -> Script:
    """The honest case: somebody else sits down and talks."""
    return _begun(clips) + since(clips.call(EILEEN, EILEEN), GENUINE_S)


def _crawl(clips: Clips, *, every_s: float, step_s: float) -> Script:
    """A crumb of sound now and then, whose dates hardly move."""
    crumb = only(_own(clips), "audio")[0]
    steps = range(1, round((clips.seconds - GENUINE_S) / every_s))
    return _begun(clips) + [
        replace(crumb, send_s=GENUINE_S + n * every_s, says_s=GENUINE_S + n * step_s) for n in steps
    ]


def _crawling_sawtooth(clips: Clips) -> Script:
    """A crawl that pays back what it owes, so that it can begin anew."""
    return redated(
        _crawl(clips, every_s=0.1, step_s=0.1),
        says=lambda at_s: at_s if at_s < GENUINE_S else at_s - (at_s - GENUINE_S) % 5.0 * 0.9,
    )


def _crawl_with_pictures(clips: Clips) -> Script:
    pictures = only(since(clips.call(EILEEN, EILEEN), GENUINE_S), "video")
    slow = redated(pictures, says=lambda at_s: GENUINE_S + (at_s - GENUINE_S) / 50)
    return _crawl(clips, every_s=0.45, step_s=0.0025) + slow


def _speed(clips: Clips, rate: float) -> Script:
    """The impostor's media, dated by a clock that no device has."""
    return _begun(clips) + redated(
        since(clips.call(EILEEN, EILEEN), GENUINE_S),
        says=lambda at_s: GENUINE_S + (at_s - GENUINE_S) * rate,
    )


def _sawtooth(clips: Clips) -> Script:
    """The clock lags by up to 2 s and makes good for it, again and again, as a queue would."""
    return _begun(clips) + redated(
        since(clips.call(EILEEN, EILEEN), GENUINE_S),
        says=lambda at_s: at_s - (at_s - GENUINE_S) % 5.0 * 0.4,
    )


def _leap(clips: Clips) -> Script:
    """The clock leaps ahead, as if trust could be fetched from there."""
    late = redated(since(clips.call(EILEEN, EILEEN), GENUINE_S), says=lambda at_s: at_s + 9.0)
    return _begun(clips) + late


def _holes(clips: Clips, *, piece_s: float, hole_s: float) -> Script:
    """The impostor talks in pieces too short for a window, the right face before the camera."""
    voice = only(since(clips.call(GRACE, EILEEN), GENUINE_S), "audio")
    face = only(since(_own(clips), GENUINE_S), "video")
    cycle_s = piece_s + hole_s
    cut = [one for one in voice if (one.send_s - GENUINE_S) % cycle_s < piece_s]
    return _begun(clips) + face + cut


def _between_looks(clips: Clips, genuine_of: int, every: int) -> Script:
    """The impostor's face in all pictures but the first few of each half second."""

    def who(number: int):  # type: ignore[no-untyped-def]
        own = number < GENUINE_S * FPS or number % every < genuine_of
        return GRACE if own else EILEEN

    return clips.faces(f"between-{genuine_of}-{every}", who, GRACE)


def _frozen(clips: Clips) -> Script:
    """One picture of the right face, over and over, and the impostor's voice."""
    still = [one for one in only(_begun(clips), "video") if one.key][-1]
    count = round((clips.seconds - GENUINE_S) * FPS)
    face = [
        replace(still, send_s=GENUINE_S + n / FPS, says_s=GENUINE_S + n / FPS) for n in range(count)
    ]
    return _begun(clips) + face + only(since(clips.call(EILEEN, EILEEN), GENUINE_S), "audio")


def _only_sound(clips: Clips) -> Script:
    return _begun(clips) + only(since(_own(clips), GENUINE_S), "audio")


def _no_voice(clips: Clips) -> Script:
    """The impostor's face alone; nobody says anything any more."""
    return _begun(clips) + only(since(clips.call(EILEEN, EILEEN), GENUINE_S), "video")


def _pausing(clips: Clips) -> Script:
    """The impostor in bursts of half a second, nothing in between."""
    other = since(clips.call(EILEEN, EILEEN), GENUINE_S)
    return _begun(clips) + [one for one in other if one.send_s % 2.0 < 0.5]


def _alternating(clips: Clips) -> Script:
    """Two seconds of each by turns."""
    own = since(_own(clips), GENUINE_S)
    other = since(clips.call(EILEEN, EILEEN), GENUINE_S)
    return (
        _begun(clips)
        + [one for one in own if one.send_s % 4.0 < 2.0]
        + [one for one in other if one.send_s % 4.0 >= 2.0]
    )


def _twice(clips: Clips) -> Script:
    """The enrolled person's last seconds replayed again and again, dated as if they were new."""
    loop = [one for one in _own(clips) if 4.0 <= one.send_s < 6.0]
    began = min(one.send_s for one in loop)
    laps = range(round((clips.seconds - GENUINE_S) / 2.0))
    other = only(since(clips.call(EILEEN, EILEEN), GENUINE_S), "audio")
    return (
        _begun(clips)
        + other
        + [
            replace(one, send_s=at_s, says_s=at_s)
            for lap in laps
            for one in only(loop, "video")
            for at_s in (GENUINE_S + 2.0 * lap + one.send_s - began,)
        ]
    )


def _backwards(clips: Clips) -> Script:
    """Dates that run back and forth by a second."""
    other = since(clips.call(EILEEN, EILEEN), GENUINE_S)
    return _begun(clips) + redated(other, says=lambda at_s: at_s + float(np.sin(at_s * 3.0)))


def _flood(clips: Clips) -> Script:
    """A thousand crumbs of sound a second, dated as of now."""
    crumb: Sent = only(_own(clips), "audio")[0]
    return _begun(clips) + [
        replace(crumb, send_s=GENUINE_S + n / 1000, says_s=GENUINE_S) for n in range(20_000)
    ]


def _heard_otherwise(clips: Clips, ways: Callable[[Sound, Sound], tuple[Sound, Sound]]) -> Script:
    """The right face; two channels, of which not every listener hears the same."""
    own, other = (clips.speech(person) for person in (GRACE, EILEEN))
    sound = encode_sound(np.column_stack(ways(own, other)))
    face = only(since(_own(clips), GENUINE_S), "video")
    return _begun(clips) + face + since(sound, GENUINE_S)


def _late(clips: Clips, *, own_s: float = 0.0, every_s: float = 1.0) -> Script:
    """The impostor's packets come too late for whoever waits less than others do.

    Three of 25 come in time and are silent, so that no hole is long; at the end of ``every_s`` the
    right one talks for ``own_s``.
    """
    still = encode_sound(np.zeros((16_000, 2)))[-1].data
    face = only(since(_own(clips), GENUINE_S), "video")
    own = only(since(_own(clips), GENUINE_S), "audio")
    other = only(since(clips.call(EILEEN, EILEEN), GENUINE_S), "audio")
    mixed = [
        (mine if (mine.send_s - GENUINE_S) % every_s >= every_s - own_s else _tardy(theirs, still))
        for mine, theirs in zip(own, other, strict=True)
    ]
    return _begun(clips) + face + mixed


def _tardy(one: Sent, still: bytes) -> Sent:
    return replace(one, late_s=0.6) if one.send_s % 0.5 < 0.44 else replace(one, data=still)


ATTACKS = (
    MediaAttack(
        "media time crawls: 2.5 ms of silence each 0.45 s",
        "silence",
        lambda clips: _crawl(clips, every_s=0.45, step_s=0.0025),
        quick=True,
    ),
    MediaAttack(
        "media time crawls without a pause: 50 packets a second",
        "silence",
        lambda clips: _crawl(clips, every_s=0.02, step_s=0.0005),
    ),
    MediaAttack("media time crawls under the impostor's pictures", "swap", _crawl_with_pictures),
    MediaAttack("media time stands still under a flood of packets", "silence", _flood),
    MediaAttack("the impostor's clock runs at half speed", "swap", lambda c: _speed(c, 0.5)),
    MediaAttack("the impostor's clock runs at double speed", "swap", lambda c: _speed(c, 2.0)),
    MediaAttack("the clock lags by 2 s and makes good for it each 5 s", "swap", _sawtooth),
    MediaAttack(
        "a crawl of silence that makes good for it each 5 s", "silence", _crawling_sawtooth
    ),
    MediaAttack("the clock leaps ahead by 9 s", "swap", _leap),
    MediaAttack("dates run back and forth", "swap", _backwards),
    MediaAttack(
        "impostor's speech with holes of 0.6 s after each 1.3 s",
        "swap",
        lambda c: _holes(c, piece_s=1.3, hole_s=0.6),
        quick=True,
    ),
    MediaAttack(
        "impostor's speech with holes of 4 s after each 1.3 s",
        "swap",
        lambda c: _holes(c, piece_s=1.3, hole_s=4.0),
    ),
    MediaAttack(
        "impostor's speech with holes of 0.4 s after each 0.8 s",
        "swap",
        lambda c: _holes(c, piece_s=0.8, hole_s=0.4),
    ),
    MediaAttack(
        "impostor's speech with holes of 0.51 s after each 0.24 s",
        "swap",
        lambda c: _holes(c, piece_s=0.24, hole_s=0.51),
    ),
    MediaAttack(
        "impostor's face in 6 of 8 pictures, the right one when looked at each 0.5 s",
        "swap",
        lambda c: _between_looks(c, 2, 8),
    ),
    MediaAttack(
        "impostor's face in every second picture", "swap", lambda c: _between_looks(c, 1, 2)
    ),
    MediaAttack("frozen picture, impostor's voice", "swap", _frozen),
    MediaAttack("looped picture, impostor's voice", "swap", _twice),
    MediaAttack("camera off, the right voice goes on", "swap", _only_sound),
    MediaAttack("impostor's face, nobody talks", "swap", _no_voice),
    MediaAttack("impostor in bursts of 0.5 s each 2 s", "swap", _pausing),
    MediaAttack("impostor and the right person by turns of 2 s", "swap", _alternating),
    MediaAttack(
        "the right voice on one channel, the impostor's on the other",
        "swap",
        lambda c: _heard_otherwise(c, lambda own, other: (own, other)),
    ),
    MediaAttack(
        "the right voice on each channel, the impostor's where they are added up",
        "swap",
        lambda c: _heard_otherwise(c, lambda own, other: (own, 0.7 * other - own)),
    ),
    MediaAttack("impostor's words in packets 0.6 s late", "swap", _late),
    MediaAttack(
        "likewise, and the right voice for 2 s of 12 s",
        "swap",
        lambda c: _late(c, own_s=2.0, every_s=12.0),
    ),
)
