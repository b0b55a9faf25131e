"""Recordings that are broken: what could be read is used, and the words say what could not."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from stream_verifier.errors import DamagedMediaError, MediaError, UnsupportedMediaError
from tests.support.recordings import read, recording

LIVE = {"video": "libvpx", "audio": "libopus", "options": {"live": "1"}}


_LOCKED = {
    "encryption_scheme": "cenc-aes-ctr",
    "encryption_key": "76a6c65c5ea762046bd749a2e632ccbb",
    "encryption_kid": "a7e61c373e219033c21091fa607bf3b8",
}


def _jpeg() -> bytes:
    return bytes(cv2.imencode(".jpg", np.full((90, 120, 3), 200, np.uint8))[1])


def _piece() -> bytes:
    whole = recording("mp4", options={"movflags": "frag_keyframe+empty_moov+default_base_moof"})
    return whole[whole.index(b"moof") - 4 :]


def _noised(data: bytes, share: float, length: int) -> bytes:
    at = int(len(data) * share)
    return data[:at] + np.random.default_rng(5).bytes(length) + data[at + length :]


@pytest.mark.parametrize(
    ("kind", "how"),
    [
        ("mp4", {"options": {"movflags": "faststart"}}),
        ("mp4", {"options": {"movflags": "frag_keyframe+empty_moov"}}),
        ("matroska", {}),
        ("webm", LIVE),
        ("avi", {}),
        ("wav", {"video": None, "audio": "pcm_s16le"}),
        ("ogg", {"video": None, "audio": "libopus"}),
        ("mp3", {"video": None, "audio": "libmp3lame"}),
    ],
)
def test_a_file_that_breaks_off(tmp_path: Path, kind: str, how: dict[str, Any]) -> None:
    data = recording(kind, seconds=4.0, **how)
    (tmp_path / "cut").write_bytes(data[: int(len(data) * 0.61)])
    heard = read(tmp_path / "cut")
    assert isinstance(heard.error, DamagedMediaError)
    assert "bytes are missing" in str(heard.error)
    assert "What could be read: " in str(heard.error)
    assert 1.0 < heard.sound_s < 3.3


def test_a_recorder_that_was_stopped_hard(tmp_path: Path) -> None:
    data = recording("mp4")
    (tmp_path / "stopped.mp4").write_bytes(data[: len(data) // 2])
    heard = read(tmp_path / "stopped.mp4")
    assert isinstance(heard.error, DamagedMediaError)
    assert "never finished" in str(heard.error)
    assert heard.items == []


@pytest.mark.parametrize(
    ("kind", "how", "words"),
    [
        ("mp4", {"video": "libx264", "audio": "aac"}, "could not be decoded"),
        ("matroska", {"video": "libx264", "audio": "aac"}, "could not be"),
        ("ogg", {"video": None, "audio": "libopus"}, "lost|noise"),
        ("flac", {"video": None, "audio": "flac"}, "lost"),
    ],
)
def test_noise_in_the_middle(tmp_path: Path, kind: str, how: dict[str, Any], words: str) -> None:
    data = recording(kind, seconds=6.0, **how)
    (tmp_path / "noise").write_bytes(_noised(data, 0.45, len(data) // 6))
    heard = read(tmp_path / "noise")
    assert isinstance(heard.error, DamagedMediaError)
    assert any(word in str(heard.error) for word in words.split("|"))
    assert heard.sound_s > 3.0


def test_noise_between_packets_of_a_transport_stream(tmp_path: Path) -> None:
    data, noise = recording("mpegts", seconds=4.0), np.random.default_rng(1).bytes(10_001)
    at = len(data) // 188 // 2 * 188
    (tmp_path / "noise.ts").write_bytes(data[:at] + noise + data[at:])
    heard = read(tmp_path / "noise.ts")
    assert isinstance(heard.error, DamagedMediaError)
    assert "10001 bytes in it are noise" in str(heard.error)


def test_lost_packets_of_a_transport_stream(tmp_path: Path) -> None:
    data = recording("mpegts", seconds=6.0)
    at = len(data) // 188 // 2 * 188
    (tmp_path / "lost.ts").write_bytes(data[:at] + data[at + 188 * 60 :])
    heard = read(tmp_path / "lost.ts")
    assert isinstance(heard.error, DamagedMediaError)
    assert heard.jumps == []


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: b"", MediaError, "0 bytes"),
        (lambda: b"not media at all\n" * 50, MediaError, "Cannot open"),
        (lambda: b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nother.ts\n#EXT-X-ENDLIST\n",
         MediaError, "a list of other files"),
        (lambda: b"ffconcat version 1.0\nfile other.ts\n", MediaError, "a list of other files"),
        (lambda: b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
                 b"m=audio 50104 RTP/AVP 0\n",
         MediaError, "a session description"),
        (lambda: b"# a comment\nv=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
                 b"m=audio 50104 RTP/AVP 0\n",
         MediaError, "Cannot open"),
        (lambda: b"%PDF-1.7\n" + bytes(2000) + _jpeg(), MediaError, "a PDF document"),
        (lambda: b"PK\x03\x04" + bytes(99), MediaError, "an office document"),
        (lambda: b"\xef\xbb\xbf\n<!DOCTYPE html>\n<p>Sign in", MediaError, "a web page"),
        (lambda: b'<?xml version="1.0"?><svg/>', MediaError, "a drawing"),
        (lambda: recording("mp4")[:-300], DamagedMediaError, "300 bytes are missing, and nothing"),
        (lambda: _piece(), DamagedMediaError, "without its head"),
        (lambda: recording("mp4", options=_LOCKED), UnsupportedMediaError, "is encrypted"),
        (lambda: recording("mp4", video="libx264").replace(b"avc1", b"zzzz"),
         UnsupportedMediaError, "not decoded here"),
    ],
    ids=["empty", "text", "playlist", "list", "session", "hidden", "pdf", "docx", "html", "svg",
         "index", "piece", "locked", "codec"],
)  # fmt: skip
def test_what_is_no_recording_is_refused_in_clear_words(
    tmp_path: Path, make: Callable[[], bytes], error: type[MediaError], words: str
) -> None:
    (tmp_path / "other.ts").write_bytes(recording("mpegts"))
    (tmp_path / "odd.mp4").write_bytes(make())
    heard = read(tmp_path / "odd.mp4")
    assert type(heard.error) is error
    assert words in str(heard.error)
    assert heard.items == []


@pytest.mark.parametrize("name", ["2026:11.ts", "file:a.ts", "http:b.ts", "%03d.ts", "a\nb|c.ts"])
def test_no_name_is_taken_for_an_address_or_a_pattern(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(recording("mpegts"))
    heard = read(tmp_path / name)
    assert heard.error is None
    assert heard.numbers == [0, 5, 10, 15]


def test_colours_of_an_unknown_kind_are_no_damage_and_their_conversion_is_told(
    tmp_path: Path,
) -> None:
    coding = {"x264-params": "colormatrix=YCgCo"}
    odd = recording("mp4", video="libx264", audio=None, seconds=0.5, coding=coding)
    (tmp_path / "odd.mp4").write_bytes(odd)
    heard = read(tmp_path / "odd.mp4")
    assert isinstance(heard.error, UnsupportedMediaError)
    assert "uses a kind of colours" in str(heard.error)
    assert "ffmpeg -i FILE -vf zscale=matrix=709 -c:v" in str(heard.error)
    assert heard.items == []


def test_a_damaged_picture_does_not_matter_to_who_wants_the_sound(tmp_path: Path) -> None:
    whole = recording("mp4", video="libx264").replace(b"avc1", b"zzzz")
    (tmp_path / "odd.mp4").write_bytes(whole)
    heard = read(tmp_path / "odd.mp4", kinds=("audio",))
    assert heard.error is None
    assert heard.sound_s == pytest.approx(2.0, abs=0.1)


def test_noise_that_a_decoder_conceals(tmp_path: Path) -> None:
    coding = {"g": "10", "bf": "0"}
    data = recording("mp4", video="libx264", coding=coding, seconds=4.0, audio=None)
    sizes = _sizes(tmp_path, data)
    start = data.index(b"mdat") + 4 + sum(sizes[:20])
    noise = np.random.default_rng(5).bytes(sizes[20] // 2)
    middle = start + sizes[20] // 4
    (tmp_path / "noise.mp4").write_bytes(data[:middle] + noise + data[middle + len(noise) :])
    heard = read(tmp_path / "noise.mp4")
    assert isinstance(heard.error, DamagedMediaError)
    assert "of picture" in str(heard.error)


def _sizes(folder: Path, data: bytes) -> list[int]:
    """Of the packets of a recording."""
    (folder / "whole").write_bytes(data)
    with av.open(str(folder / "whole")) as container:
        return [packet.size for packet in container.demux() if packet.size]


@pytest.mark.parametrize(("repeats", "told"), [(2, False), (60, True)])
def test_sound_that_lies_under_other_sound_is_counted(
    tmp_path: Path, repeats: int, told: bool
) -> None:
    """Packets whose time stands still: a player would play them, so they may hide somebody."""
    path = tmp_path / "still.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        stream.layout = "mono"
        for n in range(200):
            for _ in range(repeats if n == 100 else 1):
                packet = av.Packet(np.full(160, n, "<i2").tobytes())
                packet.stream, packet.time_base = stream, Fraction(1, 1000)
                packet.pts = packet.dts = n * 20
                container.mux(packet)
    heard = read(path)
    assert heard.sound_s == pytest.approx(4.0, abs=0.05)
    assert isinstance(heard.error, DamagedMediaError) is told
    if told:
        assert "lie where other sound has been" in str(heard.error)


def floats(folder: Path, samples: Any) -> Path:
    path = folder / "floats.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_f32le", rate=16_000)
        stream.layout = "mono"
        frame = av.AudioFrame.from_ndarray(
            np.asarray(samples, np.float32)[None], format="flt", layout="mono"
        )
        frame.sample_rate = 16_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


TONE = np.sin(np.arange(16_000) / 20)


@pytest.mark.parametrize(
    ("samples", "words"),
    [
        (TONE * 32_768, "its samples go up to 32768, where 1 is full scale"),
        (np.where(np.arange(16_000) == 8_000, np.nan, TONE), "could not be decoded"),
        (np.where(np.arange(16_000) == 8_000, np.inf, TONE), "could not be decoded"),
    ],
)
def test_floats_that_are_no_samples_are_damage(tmp_path: Path, samples: Any, words: str) -> None:
    error = read(floats(tmp_path, samples)).error
    assert isinstance(error, DamagedMediaError)
    assert words in str(error)


def test_a_hot_mix_in_floats_is_sound(tmp_path: Path) -> None:
    assert read(floats(tmp_path, TONE * 4)).error is None


@pytest.mark.parametrize("rate_hz", [1, 4000])
def test_sound_of_too_few_samples_a_second_is_refused(tmp_path: Path, rate_hz: int) -> None:
    data = bytearray(recording("wav", video=None, audio="pcm_s16le"))
    data[24:28] = rate_hz.to_bytes(4, "little")
    (tmp_path / "slow.wav").write_bytes(data)
    heard = read(tmp_path / "slow.wav")
    assert isinstance(heard.error, UnsupportedMediaError)
    assert f"has {rate_hz} samples a second, too few" in str(heard.error)
    assert heard.sound_s == 0


def test_sound_of_the_telephone_has_samples_enough(tmp_path: Path) -> None:
    data = recording("wav", video=None, audio="pcm_u8", rate_hz=8000)
    (tmp_path / "telephone.wav").write_bytes(data)
    assert read(tmp_path / "telephone.wav").error is None


def test_pictures_that_all_have_one_time_are_told(tmp_path: Path) -> None:
    path = tmp_path / "one_time.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
        for _ in range(20):
            frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8))
            for packet in stream.encode(frame.reformat(format="yuvj420p")):
                packet.pts, packet.dts, packet.time_base = 0, 0, Fraction(1, 1000)
                container.mux(packet)
    error = read(path).error
    assert isinstance(error, DamagedMediaError)
    assert "19 pictures have no time of their own" in str(error)
