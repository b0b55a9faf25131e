from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from model.data.packs import Pack
from model.errors import PackError
from model.runtime.comparator import load_comparator
from model.runtime.face import FaceTower
from model.runtime.voice import VoiceTower
from model.runtime.weights import Weights
from stream_verifier.errors import SettingsError
from stream_verifier.events.schema import State
from stream_verifier.media.types import SAMPLE_RATE_HZ, AudioChunk, MediaItem, VideoFrame
from stream_verifier.simulation import render
from stream_verifier.simulation.call_player import CallPlayer
from stream_verifier.simulation.casting import cast_people
from stream_verifier.simulation.material import Material
from stream_verifier.simulation.outcome import judge
from stream_verifier.simulation.replay import Judge, ours, replay
from stream_verifier.simulation.script import Script, Shot, Spurt
from stream_verifier.verify.channels.identity import IdentityChannel
from stream_verifier.verify.embedding import Towers
from stream_verifier.verify.observation import Observation
from stream_verifier.verify.operating import DecisionModel
from stream_verifier.windows.assemble import WindowAssembler
from stream_verifier.windows.faces import FaceDetector
from tests.support.simulated_people import write_demo_pack

SWAP = Script(
    name="swap",
    kind="swap_both",
    condition="clean",
    chimera="grace",
    length_s=21.0,
    change_s=11.1,
    until_s=None,
    shots=(Shot(0.0, 11.4, "grace", 3), Shot(11.4, 21.0, "eileen", 4)),
    spurts=(
        Spurt(0.48, 3.9, "grace"),
        Spurt(8.4, 11.1, "grace"),
        Spurt(11.1, 17.7, "eileen"),
    ),
)
AWAY = Script(
    name="away",
    kind="absent",
    condition="clean",
    chimera="grace",
    length_s=24.0,
    change_s=4.5,
    until_s=12.0,
    shots=(
        Shot(0.0, 4.5, "grace", 3),
        Shot(12.0, 24.0, "grace", 5),
        Shot(18.0, 22.0, "eileen", 6, beside=True),
    ),
    spurts=(Spurt(0.48, 3.9, "grace"), Spurt(15.3, 21.9, "grace")),
    muted=((4.5, 12.0),),
)


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    pytest.importorskip("matplotlib")
    pytest.importorskip("skimage")
    return Pack(write_demo_pack(tmp_path_factory.mktemp("demo-pack") / "demo"))


@pytest.fixture(scope="module")
def weights() -> Weights:
    return Weights.load()


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("swaps")


@pytest.fixture(scope="module")
def material(pack: Pack, weights: Weights, cache: Path) -> Material:
    return Material(pack=pack, roles=cast_people(pack), weights=weights, cache=cache)


@pytest.fixture(scope="module")
def player(material: Material, weights: Weights) -> CallPlayer:
    return CallPlayer(material=material, comparator=load_comparator(weights))


def decision(weights: Weights) -> Judge:
    model = DecisionModel.load(weights)
    return ours(model.evidence)(model.points["alarm_2h"])


def media(script: Script, material: Material) -> list[MediaItem]:
    """The rendered call as a server meets it, in order."""
    samples = render.sound(script, material)
    items: list[tuple[float, MediaItem]] = [
        (number / 2, VideoFrame(frame, number / 2))
        for number, frame in enumerate(render.frames(script, material, fps=2))
    ]
    for start in range(0, len(samples), 320):
        chunk = AudioChunk(samples[start : start + 320], start / SAMPLE_RATE_HZ)
        items.append((chunk.end_s, chunk))
    return [item for _, item in sorted(items, key=lambda pair: pair[0])]


def for_real(script: Script, material: Material, weights: Weights) -> Iterator[Observation]:
    """What the real front end makes of the rendered call."""
    towers = Towers(face=FaceTower(weights), voice=VoiceTower(weights))
    assembler = WindowAssembler(FaceDetector(weights.path("face_detector")), material.settings)
    channel = IdentityChannel(
        reference=material.reference(script.chimera),
        embedder=towers,
        comparator=load_comparator(weights),
    )
    items = media(script, material)
    windows = [window for item in items for window in assembler.feed(item)]
    for window in (*windows, *assembler.flush()):
        read = channel.read(window, wanted=frozenset(channel.names))
        yield Observation(window.end_s, read.each, window.notes, read.llr_fused)


def llrs(one: Observation) -> tuple[float | None, ...]:
    return one.face.llr, one.voice.llr, one.llr_fused


def timing(seen: list[Observation]) -> list[tuple[object, ...]]:
    return [
        (
            round(one.end_s, 4),
            one.face.sensed,
            one.voice.sensed,
            one.notes,
            one.face.track,
            # Which of two pictures is the better one may hang on the edge of a second person's.
            None if "multiple_faces" in one.notes else one.face.span_s,
            one.voice.span_s and tuple(round(at_s, 4) for at_s in one.voice.span_s),
        )
        for one in seen
    ]


@pytest.mark.parametrize("script", [SWAP, AWAY, replace(SWAP, condition="call")])
def test_a_played_call_is_the_rendered_one(
    script: Script, player: CallPlayer, material: Material, weights: Weights
) -> None:
    played = player.play(script)
    real = list(for_real(script, material, weights))
    ours = [observation for _, observation in played]
    # The last window holds what the real windower flushes, which a player leaves out.
    assert timing(ours)[:-1] == timing(real)[: len(ours) - 1]
    assert len(real) - len(ours) in (0, 1)
    for one, other in zip(ours[:-1], real, strict=False):
        for llr, real_llr in zip(llrs(one), llrs(other), strict=True):
            assert (llr is None) == (real_llr is None)
            crowded = "multiple_faces" in one.notes
            assert llr is None or llr == pytest.approx(real_llr, abs=3 if crowded else 1e-3)


def test_windows_are_known_after_they_end(player: CallPlayer) -> None:
    played = player.play(SWAP)
    assert all(a <= b for (a, _), (b, _) in pairwise(played))
    for known_s, observation in played:
        assert 0 <= known_s - observation.end_s <= 1.0


def test_what_is_known_is_not_embedded_again(
    pack: Pack, weights: Weights, player: CallPlayer, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    played = player.play(SWAP)

    def never(*_: object) -> None:
        raise AssertionError("a tower was asked")

    monkeypatch.setattr(FaceTower, "embed", never)
    monkeypatch.setattr(VoiceTower, "embed", never)
    again = Material(pack=pack, roles=cast_people(pack), weights=weights, cache=cache)
    again.prepare([SWAP])
    anew = CallPlayer(material=again, comparator=load_comparator(weights)).play(SWAP)
    assert [(known_s, llrs(one)) for known_s, one in anew] == [
        (known_s, llrs(one)) for known_s, one in played
    ]


def test_a_swap_is_noticed(player: CallPlayer, weights: Weights) -> None:
    outcome = judge(SWAP, replay(player.play(SWAP), decision(weights)))
    assert outcome.verified_s is not None
    assert outcome.verified_s < 6
    assert outcome.noticed_s is not None
    assert outcome.noticed_s - 11.1 < 8
    assert outcome.false_alarms == 0
    assert outcome.reason_right


def test_an_absence_is_told(player: CallPlayer, weights: Weights) -> None:
    told = replay(player.play(AWAY), decision(weights))
    outcome = judge(AWAY, told)
    assert outcome.began_s == 4.5
    assert outcome.absent_s is not None
    assert 7 < outcome.absent_s < 9.5
    assert outcome.reason_right
    assert told[-1][1].state is State.VERIFIED


def test_rendered_media_have_their_form(material: Material) -> None:
    frames = list(render.frames(AWAY, material, fps=1))
    assert len(frames) == 24
    assert all(frame.shape == (480, 640, 3) and frame.dtype == np.uint8 for frame in frames)
    assert [bool(frame.any()) for frame in frames] == [not 5 <= at_s < 12 for at_s in range(24)]
    samples = render.sound(AWAY, material)
    assert samples.dtype == np.int16
    assert len(samples) == 24 * SAMPLE_RATE_HZ
    muted = slice(round(4.5 * SAMPLE_RATE_HZ), 12 * SAMPLE_RATE_HZ)
    assert not samples[muted].any()
    assert samples[12 * SAMPLE_RATE_HZ :].any()


@pytest.mark.parametrize("in_pauses", [False, True])
def test_noise_is_heard_with_speech_and_in_pauses_where_asked(
    pack: Pack, weights: Weights, in_pauses: bool
) -> None:
    material = Material(
        pack=pack,
        roles=cast_people(pack),
        weights=weights,
        cache=None,
        noise_in_pauses=in_pauses,
    )
    quiet, noisy = (
        render.sound(replace(SWAP, condition=name), material).astype(np.float64)
        for name in ("clean", "noise10")
    )
    pause, said = (
        slice(round(start_s * SAMPLE_RATE_HZ), round((start_s + 3) * SAMPLE_RATE_HZ))
        for start_s in (5.0, 1.0)
    )
    assert quiet[pause].std() > 0
    assert (noisy[pause].std() > 10 * quiet[pause].std()) == in_pauses
    assert (noisy - quiet)[said].std() > 10 * quiet[pause].std()


def test_windows_need_eyes_or_a_detector() -> None:
    with pytest.raises(SettingsError, match="detector"):
        WindowAssembler(None)


def test_other_conditions_are_refused(material: Material) -> None:
    for name in ("dark", "short1"):
        with pytest.raises(PackError, match="no call can be made"):
            material.prepare([replace(SWAP, condition=name)])
