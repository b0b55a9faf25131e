from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.audio.stream import AudioStream
from blockbuster import BlockBuster
from numpy.typing import NDArray

from model.runtime.silero import shipped_weights
from stream_verifier.demo.people import DEMO_PEOPLE, speech
from stream_verifier.media.audio import AudioNormaliser
from stream_verifier.media.channels import MAX_DELAY_S
from stream_verifier.media.file import FileSource
from stream_verifier.media.types import AudioChunk, MediaGap, MediaItem
from tests.support.media import StartCall, sweep

_RATE = 48_000
_BLOCK = 960


def _frame(samples: NDArray[np.int16], rate_hz: int = _RATE, layout: str = "mono") -> av.AudioFrame:
    channels = 2 if layout == "stereo" else 1
    packed = np.repeat(samples, channels).reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(packed, format="s16", layout=layout)
    frame.sample_rate = rate_hz
    return frame


def _run(blocks: list[int], signal: NDArray[np.int16]) -> list[AudioChunk | MediaGap]:
    """Push the 20 ms blocks of these numbers, the others being lost."""
    audio = AudioNormaliser()
    items = []
    for block in blocks:
        part = signal[block * _BLOCK : (block + 1) * _BLOCK]
        items += audio.push(_frame(part, layout="stereo"), block * 0.02, reason="muted")
    return items + audio.flush()


def _chunks(items: list[AudioChunk | MediaGap]) -> list[AudioChunk]:
    return [item for item in items if isinstance(item, AudioChunk)]


def _assert_contiguous(chunks: list[AudioChunk]) -> None:
    for before, after in zip(chunks, chunks[1:], strict=False):
        assert after.start_s == pytest.approx(before.end_s, abs=1e-9)


def _direct(signal: NDArray[np.int16]) -> NDArray[np.int16]:
    resampler = av.AudioResampler(format="s16", layout="mono", rate=16_000)
    parts = [*resampler.resample(_frame(signal)), *resampler.resample(None)]
    return np.concatenate([part.to_ndarray().reshape(-1) for part in parts])


def test_contiguous_frames_equal_resampling_the_whole_at_once() -> None:
    signal = sweep(2.0)
    chunks = _chunks(_run(list(range(100)), signal))
    _assert_contiguous(chunks)
    joined = np.concatenate([chunk.samples for chunk in chunks])
    assert joined.dtype == np.int16
    assert len(joined) == 32_000
    assert np.abs(joined.astype(int) - _direct(signal)).max() <= 2


def test_lost_packets_are_filled_and_later_sound_keeps_its_place() -> None:
    signal = sweep(2.0)
    blocks = [b for b in range(100) if b not in (20, 50, 51, 52)]
    items = _run(blocks, signal)
    chunks = _chunks(items)
    assert len(chunks) == len(items)
    _assert_contiguous(chunks)
    joined = np.concatenate([chunk.samples for chunk in chunks]).astype(int)
    whole = _direct(signal).astype(int)
    assert len(joined) == len(whole)
    good = slice(54 * 320, 100 * 320 - 320)
    assert np.corrcoef(joined[good], whole[good])[0, 1] > 0.999
    assert np.abs(joined[50 * 320 + 400 : 53 * 320 - 40]).max() == 0


@pytest.mark.parametrize(
    ("hole", "lost_s", "told_s"),
    [(20, 0.0, 0.0), (20, 2.4, 0.4), (20, 0.12, 0.12), (40, 4.8, 0.8), (200, 24.0, 1.0)],
)
def test_how_much_of_a_hole_was_lost_is_told_once(hole: int, lost_s: float, told_s: float) -> None:
    """A sender that pauses loses nothing, and a long gap is told of by itself."""
    audio, block = AudioNormaliser(), _frame(sweep(0.02))
    items = [*audio.push(block, 0.0), *audio.push(block, 0.02)]
    items += audio.push(block, 0.04 + hole * 0.02, lost_s=lost_s)
    items += audio.push(block, 0.06 + hole * 0.02) + audio.flush()
    assert sum(chunk.lost_s for chunk in _chunks(items)) == pytest.approx(told_s)


def test_a_long_hole_becomes_a_gap_and_a_new_timeline() -> None:
    items = _run([*range(10), *range(60, 70)], sweep(2.0))
    gaps = [item for item in items if isinstance(item, MediaGap)]
    assert gaps == [MediaGap("audio", pytest.approx(0.2), pytest.approx(1.2), "muted")]  # type: ignore[arg-type]
    after = _chunks(items[items.index(gaps[0]) :])
    assert after[0].start_s == pytest.approx(1.2)
    assert sum(len(chunk.samples) for chunk in after) == 3_200


def test_frames_from_the_past_are_dropped() -> None:
    chunks = _chunks(_run([0, 1, 2, 1, 0, 3], sweep(0.5)))
    _assert_contiguous(chunks)
    assert sum(len(chunk.samples) for chunk in chunks) == 4 * 320


def test_sound_that_is_dropped_for_what_was_in_its_place_is_told_of() -> None:
    """Players drop what begins before its turn, and play what is dropped here."""
    normaliser, items = AudioNormaliser(), []
    for number in range(50):
        at_s = number * 0.02
        for early_s in (0.005, 0.0):
            items += normaliser.push(_frame(np.zeros(960, np.int16)), at_s - early_s)
    over_s = sum(chunk.passed_over_s for chunk in _chunks(items))
    assert 0.9 <= over_s <= 1.0


def test_times_rounded_by_a_container_make_no_holes() -> None:
    audio, signal = AudioNormaliser(), sweep(1.0)
    rng = np.random.default_rng(1)
    items = []
    for block in range(50):
        time_s = block * 0.02 + rng.uniform(-0.0005, 0.0005)
        items += audio.push(_frame(signal[block * _BLOCK : (block + 1) * _BLOCK]), time_s)
    items += audio.flush()
    joined = np.concatenate([chunk.samples for chunk in _chunks(items)])
    assert np.abs(joined.astype(int) - _direct(signal)).max() <= 2


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 22_050, 44_100])
def test_any_rate_comes_out_at_16_khz(rate_hz: int) -> None:
    audio = AudioNormaliser()
    items = audio.push(_frame(sweep(1.0, rate_hz), rate_hz), 3.0) + audio.flush()
    assert items[0].start_s == 3.0
    assert sum(len(c.samples) for c in _chunks(items)) == pytest.approx(16_000, abs=20)


def test_a_change_of_rate_in_mid_stream_keeps_the_timeline() -> None:
    audio = AudioNormaliser()
    items = audio.push(_frame(sweep(0.1)), 0.0)
    items += audio.push(_frame(sweep(0.1, 16_000), 16_000), 0.1)
    items += audio.flush()
    _assert_contiguous(_chunks(items))
    assert sum(len(c.samples) for c in _chunks(items)) == pytest.approx(3_200, abs=5)


def test_the_arrival_time_is_handed_on() -> None:
    items = AudioNormaliser().push(_frame(sweep(0.1)), 0.0, arrived_s=12.5)
    assert items
    assert all(isinstance(i, AudioChunk) and i.arrived_s == 12.5 for i in items)


def _several(channels: NDArray[np.int16], layout: str, rate_hz: int = 16_000) -> av.AudioFrame:
    """A frame of samples of shape (n, channels)."""
    packed = np.ascontiguousarray(channels).reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(packed, format="s16", layout=layout)
    frame.sample_rate = rate_hz
    return frame


def _voice(seconds: float) -> NDArray[np.int16]:
    return speech(DEMO_PEOPLE[0], seconds=seconds, seed=2)


def _likeness(items: Sequence[MediaItem], voice: NDArray[np.int16], after_s: float = 1.0) -> float:
    """How much sound is this voice after a while, by the spectrum over time, up to 1."""
    joined = np.concatenate([item.samples for item in items if isinstance(item, AudioChunk)])
    count = min(len(joined), len(voice))
    begin = round(after_s * 16_000)
    ours, theirs = (
        np.abs(np.fft.rfft(s[begin:count][: (count - begin) // 480 * 480].reshape(-1, 480)))
        for s in (joined, voice)
    )
    return float(np.corrcoef(ours.ravel(), theirs.ravel())[0, 1])


@pytest.mark.parametrize(
    ("layout", "channels", "on"),
    [("stereo", 2, (1,)), ("5.1", 6, (2,)), ("5.1", 6, (5,)), ("7.1", 8, (7,)), ("3.1", 4, (3,))],
)
@pytest.mark.parametrize("rate_hz", [16_000, 48_000])
def test_a_voice_on_any_channel_of_any_layout_is_heard(
    layout: str, channels: int, on: tuple[int, ...], rate_hz: int
) -> None:
    voice, audio = _voice(4.0), AudioNormaliser()
    samples = np.zeros((len(voice) * rate_hz // 16_000, channels), np.int16)
    samples[:, on] = np.repeat(voice, rate_hz // 16_000)[:, None]
    items, step = [], rate_hz // 50
    for at in range(0, len(samples), step):
        frame = _several(samples[at : at + step], layout, rate_hz)
        items += audio.push(frame, at / rate_hz, arrived_s=100 + at / rate_hz)
        newest = _chunks(items)[-1:]
        assert audio.given_s is not None
        assert audio.due_s is not None
        assert audio.due_s - audio.given_s <= MAX_DELAY_S + 0.005
        assert all(c.arrived_s == pytest.approx(100.02 + c.end_s, abs=0.041) for c in newest)
    items += audio.flush()
    _assert_contiguous(_chunks(items))
    assert _likeness(items, voice) > 0.97
    assert audio.given_s == pytest.approx(audio.due_s, abs=1e-3)


def test_holes_and_gaps_are_told_of_where_channels_differ() -> None:
    voice, audio = _voice(4.0), AudioNormaliser()
    both = np.stack([voice, -voice], axis=1)
    items = []
    for block in (b for b in range(200) if b not in (60, 61) and not 100 <= b < 150):
        items += audio.push(_several(both[block * 320 : (block + 1) * 320], "stereo"), block * 0.02)
    items += audio.flush()
    gaps = [item for item in items if isinstance(item, MediaGap)]
    assert [(gap.kind, gap.reason) for gap in gaps] == [("audio", "network")]
    assert (gaps[0].start_s, gaps[0].end_s) == (pytest.approx(2.0), pytest.approx(3.0))
    before, after = items[: items.index(gaps[0])], items[items.index(gaps[0]) + 1 :]
    for part, seconds in ((before, 2.0), (after, 1.0)):
        _assert_contiguous(_chunks(part))
        assert sum(len(c.samples) for c in _chunks(part)) == pytest.approx(seconds * 16_000, abs=2)
    assert _chunks(after)[0].start_s == pytest.approx(3.0)


def test_a_change_of_channels_in_mid_stream_keeps_the_timeline() -> None:
    voice, audio = _voice(3.0), AudioNormaliser()
    items = audio.push(_several(voice[:16_000, None], "mono"), 0.0)
    items += audio.push(_several(np.stack([voice, -voice], 1)[16_000:32_000], "stereo"), 1.0)
    items += audio.push(_several(voice[32_000:, None], "mono"), 2.0)
    items += audio.flush()
    _assert_contiguous(_chunks(items))
    joined = np.concatenate([chunk.samples for chunk in _chunks(items)])
    np.testing.assert_array_equal(np.abs(joined), np.abs(voice))


def _write(path: Path, codec: str, layout: str, samples: NDArray[np.int16]) -> None:
    """Encode samples of shape (n, channels) at 48 kHz."""
    with av.open(path, mode="w") as container:
        stream = container.add_stream(codec, rate=48_000)
        assert isinstance(stream, AudioStream)
        stream.layout, stream.bit_rate = layout, 128_000
        for at in range(0, len(samples), 960):
            frame = _several(samples[at : at + 960], layout, 48_000)
            frame.pts, frame.time_base = at, Fraction(1, 48_000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _at_48_khz(voice: NDArray[np.int16]) -> NDArray[np.int16]:
    resampler = av.AudioResampler(format="s16", layout="mono", rate=48_000)
    parts = [*resampler.resample(_several(voice[:, None], "mono")), *resampler.resample(None)]
    return np.concatenate([part.to_ndarray().reshape(-1) for part in parts])


@pytest.mark.parametrize(
    ("suffix", "codec", "layout", "gains"),
    [
        ("wav", "pcm_s16le", "stereo", (1, -1)),
        ("wav", "pcm_s16le", "7.1", (0, 0, 0, 0, 0, 0, 0, 1)),
        ("wav", "pcm_s16le", "hexadecagonal", (0,) * 11 + (1,) + (0,) * 4),
        ("mp4", "aac", "stereo", (1, -1)),
        ("mp4", "aac", "5.1", (0, 0, 0, 0, 1, 0)),
        ("ogg", "libopus", "stereo", (1, -0.7)),
    ],
)
def test_a_file_gives_the_voice_of_whichever_channel_has_it(
    tmp_path: Path, suffix: str, codec: str, layout: str, gains: tuple[float, ...]
) -> None:
    voice = _voice(4.0)
    path = tmp_path / f"one.{suffix}"
    _write(path, codec, layout, (_at_48_khz(voice)[:, None] * np.array(gains)).astype(np.int16))
    with FileSource(path) as source:
        items = list(source)
    _assert_contiguous([item for item in items if isinstance(item, AudioChunk)])
    assert _likeness(items, voice) > (0.97 if codec == "pcm_s16le" else 0.6)


@pytest.mark.asyncio
async def test_a_live_voice_in_antiphase_is_heard(
    tmp_path: Path, start_call: StartCall, loop_never_blocks: BlockBuster
) -> None:
    shipped_weights()  # As a server has read them before its first call.
    voice = _voice(3.0)
    path = tmp_path / "antiphase.webm"
    sound = _at_48_khz(voice)
    _write(path, "libopus", "stereo", np.stack([sound, -sound], axis=1))
    call = start_call(path)
    await call.connect()
    await call.publisher.finished.wait()
    chunks = [item for item in call.inbox.drain() if isinstance(item, AudioChunk)]
    levels = [float(np.abs(chunk.samples.astype(int)).max()) for chunk in chunks]
    assert sum(len(chunk.samples) for chunk in chunks) > 2 * 16_000
    assert max(levels) > 0.5 * np.abs(voice.astype(int)).max()


@pytest.mark.parametrize(("late_s", "start_s"), [(0.046, 0.0), (2.0, 2.0)])
def test_what_a_decoder_leaves_out_at_the_start_is_filled_and_a_late_start_is_none(
    late_s: float, start_s: float
) -> None:
    audio = AudioNormaliser(from_zero=True)
    signal = sweep(0.2)
    chunks = _chunks([*audio.push(_frame(signal), late_s), *audio.flush()])
    _assert_contiguous(chunks)
    assert chunks[0].start_s == start_s
    assert chunks[-1].end_s == pytest.approx(late_s + 0.2, abs=1e-3)
    joined = np.concatenate([chunk.samples for chunk in chunks])
    assert not joined[: round((late_s - start_s) * 16_000)].any()
