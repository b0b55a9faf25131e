"""A real recording, as a file and as a live call: the same verdicts from the same events."""

from __future__ import annotations

import asyncio
import json
import math
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.casting import cast, frames, sound
from model.data.packs import Pack
from stream_verifier.console import file_commands
from stream_verifier.demo.caller import Caller
from stream_verifier.hosting.server import running_server
from stream_verifier.media.encode import write_webm
from stream_verifier.media.file import FileSource
from stream_verifier.media.types import AudioChunk
from tests.support.calls import TIMEOUT_S, Event, all_that_is_said, make_settings, wire
from tests.support.commands import run

LLR_TOLERANCE = 1.0
TIME_TOLERANCE_S = 0.1


def events_of(output: str) -> list[Event]:
    return [json.loads(line) for line in output.splitlines()]


def states(events: list[Event]) -> list[str]:
    return [event["state"] for event in events if event["type"] == "state_changed"]


def pictures(path: Path) -> tuple[list[NDArray[np.uint8]], float]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.average_rate is not None
        shown = [frame.to_ndarray(format="bgr24") for frame in container.decode(stream)]
        return [np.asarray(frame, np.uint8) for frame in shown], float(stream.average_rate)


def to_webm(clips: list[Path], path: Path, *, looks_per_s: int = 2) -> Path:
    """Join clips as a browser would send them: VP8 and Opus.

    Each picture is held for as long as one look may fall into: a file's are picked on a grid, a
    call's at moments that shift with how its media arrives, and both are then to be the same.
    """
    shown: list[NDArray[np.uint8]] = []
    heard: list[NDArray[np.int16]] = []
    fps = 25.0
    for clip in clips:
        seen, fps = pictures(clip)
        shown += seen
        with FileSource(clip) as source:
            said = [item.samples for item in source if isinstance(item, AudioChunk)]
        samples = np.concatenate(said)
        # Sound a little shorter than the picture would make the joined clips drift apart.
        wanted = round(len(seen) / fps * 16_000)
        heard.append(np.pad(samples, (0, max(0, wanted - len(samples))))[:wanted])
    held = fps / looks_per_s
    shown = [shown[math.ceil(index // held * held)] for index in range(len(shown))]
    size = (shown[0].shape[1], shown[0].shape[0])
    write_webm(path, shown, np.concatenate(heard), fps=fps, size=size, sample_rate_hz=16_000)
    return path


@pytest.fixture(scope="module")
def store(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the GRID speaker, enrolled from six clips."""
    folder = tmp_path_factory.mktemp("grid-store")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STREAM_VERIFIER_DATA_DIR", str(folder))
        videos = [part for clip in clips(data_dir)[:6] for part in ("--video", clip)]
        run("enroll", "speaker", *videos, "--consent", "Research data.")
    return folder


@pytest.fixture(scope="module")
def with_another(store: Path, data_dir: Path) -> Path:
    """The store with somebody else enrolled too."""
    role = cast(Pack(data_dir / "dev"), 1)[0]
    media = store / "other.webm"
    moving = frames(role.enrolment, seconds=20, fps=12)
    said = sound(role.enrolment, seconds=20)
    write_webm(media, moving, said, fps=12, size=(640, 480), sample_rate_hz=16_000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STREAM_VERIFIER_DATA_DIR", str(store))
        run("enroll", "other", "--video", media, "--consent", "Research data.")
    return store


def clips(data_dir: Path) -> list[Path]:
    return sorted((data_dir / "dev" / "av" / "grid").glob("*.mp4"))


@pytest.mark.parametrize("index", [10, 25, 39])
@pytest.mark.slow
def test_a_clip_is_verified_and_rejected_for_another(
    with_another: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch, index: int
) -> None:
    monkeypatch.setenv("STREAM_VERIFIER_DATA_DIR", str(with_another))
    clip = clips(data_dir)[index]
    assert states(events_of(run("verify", "speaker", clip, "--json")))[-1] == "verified"
    rejected = events_of(
        run("verify", "other", clip, "--json", code=file_commands.EXIT_NOT_VERIFIED)
    )
    assert states(rejected)[-1] == "rejected"


async def test_a_file_and_its_live_stream_give_the_same_events(
    store: Path, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREAM_VERIFIER_DATA_DIR", str(store))
    # In the middle of the half second for which a picture is held.
    monkeypatch.setattr("random.SystemRandom", lambda: SimpleNamespace(random=lambda: 0.5))
    media = to_webm(clips(data_dir)[20:23], tmp_path / "clips.webm")
    from_file = events_of(await asyncio.to_thread(run, "verify", "speaker", media, "--json"))
    # The last window ends with the file, where a live call would go on.
    wanted = scores(from_file)[:-1]
    with all_that_is_said() as live:
        async with (
            running_server(make_settings(store)) as server,
            asyncio.timeout(TIMEOUT_S),
            Caller(server.address, media, mode="verify", identity="speaker") as call,
        ):
            async for _ in wire(call):
                if len(scores(live)) >= len(wanted):
                    break
    assert_same_scores(wanted, scores(live)[: len(wanted)])
    end_s = wanted[-1]["end_s"]
    live = [e for e in live if e["media_s"] < end_s or e["type"] == "score"]
    assert states(live) == states([e for e in from_file if e["media_s"] < end_s])


def scores(events: list[Event]) -> list[Event]:
    return [event for event in events if event["type"] == "score"]


def assert_same_scores(expected: list[Event], given: list[Event]) -> None:
    assert len(given) == len(expected) > 5
    for one, other in zip(expected, given, strict=True):
        assert set(other) == set(one)
        assert other["end_s"] == pytest.approx(one["end_s"], abs=TIME_TOLERANCE_S)
        for side in ("face", "voice", "fused"):
            assert (one[side] is None) == (other[side] is None)
            if one[side] is not None:
                assert other[side]["llr"] == pytest.approx(one[side]["llr"], abs=LLR_TOLERANCE)
