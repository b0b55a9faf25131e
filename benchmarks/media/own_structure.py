"""Films whose containers are built in unusual ways, or whose streams change on the way."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from benchmarks.media.boxes import box, with_box
from benchmarks.media.case import Case, Wish
from benchmarks.media.making import Make, after, cut, ffmpeg, joined, run, written

_X264 = "-c:v libx264 -crf 20"


def _film(
    out: str, what: str, make: Make | str, wish: Wish = "verified", says: str = "", **more: object
) -> Case:
    made = ffmpeg(f"-i probe.mp4 {make} {out}") if isinstance(make, str) else make
    return Case(files=(out,), what=what, make=made, wish=wish, says=says, **more)  # type: ignore[arg-type]


def _edits(*edits: tuple[int, int]) -> bytes:
    """An edit list of (duration in ms, start in the media's own time or -1)."""
    table = b"".join(
        d.to_bytes(4, "big") + m.to_bytes(4, "big", signed=True) + b"\0\1\0\0" for d, m in edits
    )
    return box("edts", box("elst", bytes(4) + len(edits).to_bytes(4, "big") + table))


_TICKS_PER_S = {2048: 15360, 1024: 44100}
"""Of the picture and the sound of the demo's films, told apart by where their edits begin."""


def _middle_out(edts: bytes) -> bytes:
    """In place of an edit list one that leaves out 6 to 9 s."""
    start = int.from_bytes(edts[28:32], "big")
    return _edits((6000, start), (5000, start + 9 * _TICKS_PER_S[start]))


def _without_index(folder: Path) -> None:
    data = (folder / "indexed.avi").read_bytes()
    at = data.rindex(b"idx1")
    size = int.from_bytes(data[at + 4 : at + 8], "little") + 8
    data = data[:at] + data[at + size :]
    written("no_index.avi", data[:4] + (len(data) - 8).to_bytes(4, "little") + data[8:])(folder)


def _of_pieces(folder: Path) -> None:
    """As streaming servers keep it: the head and then each piece in a file of its own."""
    run(folder, "-i probe.mp4 -map 0:v -map 0:a -c copy -f hls -hls_segment_type fmp4 "
                "-hls_time 4 -hls_playlist_type vod pieces.m3u8")  # fmt: skip
    pieces = [folder / "init.mp4", *sorted(folder.glob("pieces*.m4s"))]
    written("pieces.mp4", b"".join(piece.read_bytes() for piece in pieces))(folder)


def _grows(folder: Path) -> None:
    """A recorder still writes while it is read."""
    data = (folder / "probe.ts").read_bytes()
    path = folder / "grows.ts"
    path.write_bytes(data[: len(data) * 3 // 4 // 188 * 188])

    def grow() -> None:
        rest = data[path.stat().st_size :]
        with path.open("ab") as file:
            for at in range(0, len(rest), 18800):
                file.write(rest[at : at + 18800])
                file.flush()
                time.sleep(0.05)

    threading.Thread(target=grow).start()


def _at_once(out: str, first: str, second: str) -> Make:
    """A TS whose coding changes in the middle, with the clock going on."""
    return after(
        ffmpeg(f"-i probe.mp4 -t 7 {first} one.ts"),
        ffmpeg(f"-ss 7 -i probe.mp4 {second} -output_ts_offset 7 two.ts"),
        joined(out, "one.ts", "two.ts"),
    )


_BUILT = (
    _film("late_sound.mp4", "sound begins 1 s late, by an empty edit",
          ffmpeg("-i probe.mp4 -itsoffset 1 -i probe.mp4 -map 0:v -map 1:a -c copy "
                 "late_sound.mp4")),
    _film("middle_out.mp4", "3 s in the middle left out by the edit list",
          with_box("middle_out.mp4", "probe.mp4", "moov/trak/edts", _middle_out)),
    _film("no_edits.mp4", "no edit list, though B-frames begin late",
          with_box("no_edits.mp4", "probe.mp4", "moov/trak/edts", lambda _: b"")),
    _film("no_tail.mp4", "fragmented MP4 without its table at the end",
          "-c copy -movflags frag_keyframe+empty_moov+skip_trailer"),
    _film("pieces.mp4", "streaming pieces (CMAF) behind their head", _of_pieces),
    _film("piece.m4s", "a streaming piece without its head",
          after(_of_pieces, lambda folder: written(
              "piece.m4s", (folder / "pieces1.m4s").read_bytes())(folder)),
          "error", "without its head"),
    _film("cut_fragment.mp4", "fragmented MP4 that broke off",
          after(ffmpeg("-i probe.mp4 -c copy -movflags frag_keyframe+empty_moov f.mp4"),
                cut("cut_fragment.mp4", "f.mp4", 0.7)), "error", "breaks off"),
    _film("streamed.mkv", "MKV of clusters without a length, as through a pipe",
          "-c copy -f matroska -live 1"),
    _film("no_index.avi", "AVI without an index",
          after(ffmpeg("-i probe.mp4 -c:v mpeg4 -q:v 3 -c:a mp3 indexed.avi"), _without_index)),
    _film("camera.mts", "camcorder: 192-byte packets, interlaced H.264, AC-3",
          "-vf fps=50,tinterlace=interleave_top -c:v libx264 -crf 18 -flags +ildct+ilme "
          "-x264-params tff=1 -c:a ac3 -mpegts_m2ts_mode 1 -f mpegts"),
    _film("two_programmes.ts", "TS of two programmes, the first hers",
          ffmpeg("-i probe.ts -i other.ts -map 0 -map 1 -c copy -program title=a:st=0:st=1 "
                 "-program title=b:st=2:st=3 two_programmes.ts"), says="picture track 1 of 2"),
    _film("grows.ts", "a recorder still writes it", _grows),
    _film("gaps.mp4", "phone: pictures 0.2 s apart, and sometimes close",
          f"-vf \"select='lt(mod(n,6),1)+lt(mod(n,6),4)*gt(mod(n,6),2)'\" -fps_mode vfr {_X264} "
          "-c:a copy"),
    *(_film(f"other.{kind}", f"hers in {kind.upper()}", how) for kind, how in (
        ("mxf", "-r 25 -c:v mpeg2video -q:v 2 -c:a pcm_s16le -ar 48000"),
        ("nut", "-c copy"),
        ("dv", "-c:v dvvideo -vf scale=720:576 -r 25 -pix_fmt yuv420p -c:a pcm_s16le -ar 48000 "
               "-ac 2"),
        ("ogv", "-c:v libtheora -q:v 9 -c:a libvorbis"),
        ("f4v", "-c copy -f f4v"),
        ("asf", "-c:v msmpeg4 -q:v 3 -c:a wmav1 -b:a 128k"),
        ("rm", "-c:v rv20 -vf scale=352:288 -b:v 800k -c:a ac3 -f rm"),
        ("vob", "-c:v mpeg2video -q:v 3 -c:a ac3 -f vob"),
        ("wtv", "-c:v mpeg2video -q:v 3 -c:a mp2 -f wtv"),
        ("3g2", "-c:v mpeg4 -q:v 3 -c:a aac"),
    )),
)  # fmt: skip

_CHANGING = (
    _film("rate_changes.ts", "sound goes from 44.1 kHz mono to 48 kHz stereo",
          _at_once("rate_changes.ts", f"{_X264} -c:a aac -ar 44100 -ac 1",
                   f"{_X264} -c:a aac -ar 48000 -ac 2")),
    _film("size_changes.ts", "picture goes from 480 to 320 wide",
          _at_once("size_changes.ts", f"{_X264} -c:a aac", f"{_X264} -vf scale=320:240 -c:a aac")),
    _film("shape_changes.ts", "picture turns from wide to tall",
          _at_once("shape_changes.ts", f"{_X264} -c:a aac",
                   f"{_X264} -vf crop=270:360 -c:a aac")),
)  # fmt: skip

STRUCTURE = (*_BUILT, *_CHANGING)
