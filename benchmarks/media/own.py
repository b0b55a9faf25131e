"""Inputs as phones, meeting tools and studios write them, made from the demo's own people."""

from __future__ import annotations

from pathlib import Path

from benchmarks.media.case import Case
from benchmarks.media.making import (
    after,
    cut,
    ffmpeg,
    joined,
    noised,
    with_matrix,
    written,
)  # fmt: skip
from benchmarks.media.own_pictures import PICTURES
from benchmarks.media.own_places import NAMES, PLACES, REACHING
from benchmarks.media.own_shades import SHADES
from benchmarks.media.own_sounds import SOUNDS
from benchmarks.media.own_structure import STRUCTURE

_AAC = "-c:a aac -b:a 128k"
_X264 = "-c:v libx264 -crf 20"
_X265 = "-c:v libx265 -x265-params log-level=none -tag:v hvc1"
_SILENT = "-f lavfi -i anullsrc=r=48000:cl=stereo -t 14 -c:v copy -c:a aac"
_HDR = "-vf zscale=tin=bt709:min=bt709:pin=bt709:m=bt2020nc:p=bt2020"
_WIDE = "-color_primaries bt2020 -colorspace bt2020nc -c:a copy"
_TURNS = {
    (1, 0, 0, 1): "null",
    (-1, 0, 0, 1): "hflip",
    (1, 0, 0, -1): "vflip",
    (-1, 0, 0, -1): "hflip,vflip",
    (0, 1, 1, 0): "transpose=cclock_flip",
    (0, 1, -1, 0): "transpose=cclock",
    (0, -1, 1, 0): "transpose=clock",
    (0, -1, -1, 0): "transpose=clock_flip",
}
"""Display matrices (a, b, c, d), and what undoes each: the stored picture is turned by that."""


def _film(out: str, arguments: str, what: str, **more: object) -> Case:
    return Case(files=(out,), what=what, make=ffmpeg(f"-i probe.mp4 {arguments} {out}"), **more)  # type: ignore[arg-type]


_MATRICES = tuple(
    Case(
        files=(f"matrix{number}.mp4",),
        what=f"display matrix {matrix}",
        make=after(
            ffmpeg(f"-i probe.mp4 -vf {undone} {_X264} -c:a copy turned.mp4"),
            with_matrix(f"matrix{number}.mp4", "turned.mp4", matrix),
        ),
    )
    for number, (matrix, undone) in enumerate(_TURNS.items(), 1)
)

_HEALTHY = (
    _film("phone.mov", f"{_X265} -pix_fmt yuv420p10le {_AAC}", "phone: HEVC of 10 bits in MOV"),
    _film("hdr_hlg.mov", f"{_HDR}:t=arib-std-b67,format=yuv420p10le {_X265} "
          f"-color_trc arib-std-b67 {_WIDE}", "phone: HDR by HLG"),
    _film("hdr_pq.mp4", f"{_HDR}:t=smpte2084:npl=203,format=yuv420p10le {_X265} "
          f"-color_trc smpte2084 {_WIDE}", "phone: HDR by PQ"),
    _film("vfr.mp4", f"-vf \"select='if(lt(t,5),not(mod(n,3)),if(lt(t,9),not(mod(n,2)),1))'\" "
          f"-fps_mode vfr {_X264} -c:a copy", "meeting: variable frame rate"),
    _film("fragmented.mp4", "-c copy -movflags frag_keyframe+empty_moov+default_base_moof",
          "fragmented MP4"),
    Case(files=("edit_list.mp4",), what="cut without recoding, by edit list",
         make=ffmpeg("-ss 1.3 -i probe.mp4 -c copy edit_list.mp4")),
    Case(files=("copyts.mkv",), what="cut with its old time stamps",
         make=ffmpeg("-ss 1.3 -i probe.mp4 -c copy -copyts copyts.mkv")),
    _film("negative.mov", "-c copy -avoid_negative_ts disabled -output_ts_offset -2",
          "starts before time 0"),
    _film("negative.ts", "-c copy -avoid_negative_ts disabled -output_ts_offset -2",
          "starts before time 0, as a TS"),
    _film("wrap.ts", "-c copy -output_ts_offset 95440", "33-bit clock runs over in the middle"),
    Case(files=("mid.ts",), what="TS that begins inside a picture group",
         make=lambda folder: written("mid.ts", (folder / "probe.ts").read_bytes()[188 * 100 :])(
             folder)),
    _film("b_frames.mkv", "-c:v libx264 -bf 8 -x264-params b-pyramid=normal:b-adapt=0:keyint=90 "
          "-c:a copy", "eight B-frames in a pyramid"),
    _film("refresh.ts", "-c:v libx264 -x264-params intra-refresh=1:keyint=30 -c:a copy",
          "no key frames but a running refresh"),
    Case(files=("attached.mkv",), what="attachment, subtitles and a cover",
         make=after(
             written("words.srt", b"1\n00:00:01,000 --> 00:00:40,000\nhello\n"),
             written("font.ttf", b"\0\1\0\0" + bytes(range(256)) * 64),
             ffmpeg("-i probe.mp4 -i words.srt -i face.jpg -map 0 -map 1 -map 2 -c copy -c:s srt "
                    "-attach font.ttf -metadata:s:t:0 mimetype=application/x-truetype-font "
                    "-disposition:v:1 attached_pic attached.mkv"))),
    _film("two_sounds.mkv", f"{_SILENT} -map 0:v -map 0:a -map 1:a",
          "studio: microphone and silent desktop", says="sound track 1 of 2"),
    Case(files=("silent_first.mkv",), what="silent desktop first, microphone is the default",
         says="sound track 2 of 2",
         make=ffmpeg(f"-i probe.mp4 {_SILENT} -map 0:v -map 1:a -map 0:a -disposition:a:0 0 "
                     "-disposition:a:1 default silent_first.mkv")),
    Case(files=("silent_default.mkv",), what="silent desktop is the default, microphone asked for",
         options=("--audio-track", "2"),
         make=ffmpeg(f"-i probe.mp4 {_SILENT} -map 0:v -map 1:a -map 0:a silent_default.mkv")),
    _film("odd.mkv", f"-vf scale=479:359 -pix_fmt yuv444p {_X264} -c:a copy", "odd size, 4:4:4"),
    _film("interlaced.ts", "-vf fps=50,tinterlace=interleave_top -c:v mpeg2video -q:v 3 "
          "-flags +ilme+ildct -c:a mp2", "interlaced MPEG-2"),
    _film("squeezed.mp4", f"-vf scale=240:360,setsar=2 {_X264} -c:a copy", "oblong pixels"),
    _film("grey.mp4", f"-vf format=gray {_X264} -pix_fmt gray -c:a copy", "grey"),
    _film("alpha.mov", f"-c:v prores_ks -profile:v 4444 -pix_fmt yuva444p10le {_AAC}",
          "ProRes 4444 with alpha"),
    _film("rgba.mov", f"-vf format=rgba -r 5 -c:v png {_AAC}", "PNG pictures with alpha in MOV"),
    _film("low.3gp", "-vf scale=352:288 -c:v h263 -b:v 600k -c:a aac -ar 16000 -ac 1",
          "old phone: H.263 in 3GP"),
    _film("lossless.mkv", "-c:v ffv1 -c:a flac", "lossless FFV1 and FLAC"),
    _film("surround.mp4", "-c:v copy -af pan=5.1|FC=c0 -c:a aac -b:a 256k", "speech in 5.1"),
    _film("held.mp4", "-c copy -bsf:v \"setts=duration='if(eq(N,209),75000,DURATION)'\"",
          "last picture held for 5 s"),
)  # fmt: skip

_JOINED = tuple(
    Case(files=(out,), what=what, wish="not verified", jumps=True, make=make)
    for out, what, make in (
        ("joined.mp4", "impostor's MP4 behind", joined("joined.mp4", "probe.mp4", "other.mp4")),
        ("joined.mkv", "impostor's MKV behind",
         after(ffmpeg("-i probe.mp4 -c copy p.mkv"), ffmpeg("-i other.mp4 -c copy o.mkv"),
               joined("joined.mkv", "p.mkv", "o.mkv"))),
        ("joined.flv", "impostor's FLV behind",
         after(ffmpeg("-i probe.mp4 -c copy p.flv"), ffmpeg("-i other.mp4 -c copy o.flv"),
               joined("joined.flv", "p.flv", "o.flv"))),
        ("joined.avi", "impostor's AVI behind",
         after(ffmpeg("-i probe.mp4 -c:v mpeg4 -q:v 3 -c:a mp3 p.avi"),
               ffmpeg("-i other.mp4 -c:v mpeg4 -q:v 3 -c:a mp3 o.avi"),
               joined("joined.avi", "p.avi", "o.avi"))),
        ("joined.wmv", "impostor's WMV behind",
         after(ffmpeg("-i probe.mp4 -c:v wmv2 -q:v 3 -c:a wmav2 p.wmv"),
               ffmpeg("-i other.mp4 -c:v wmv2 -q:v 3 -c:a wmav2 o.wmv"),
               joined("joined.wmv", "p.wmv", "o.wmv"))),
        ("mixed.bin", "impostor's MKV behind an MP4", joined("mixed.bin", "probe.mp4", "o.mkv")),
        ("other_streams.ts", "impostor's TS behind, in other codecs and streams",
         after(ffmpeg("-i other.mp4 -c:v mpeg2video -q:v 3 -c:a mp2 -streamid 0:0x200 "
                      "-streamid 1:0x201 o2.ts"),
               joined("other_streams.ts", "probe.ts", "o2.ts"))),
        ("earlier.ts", "impostor's TS behind, 500 s earlier",
         after(ffmpeg("-i probe.mp4 -c copy -output_ts_offset 500 p500.ts"),
               joined("earlier.ts", "p500.ts", "other.ts"))),
        ("later.ts", "impostor's TS behind, 500 s later",
         after(ffmpeg("-i other.mp4 -c copy -output_ts_offset 500 o500.ts"),
               joined("later.ts", "probe.ts", "o500.ts"))),
        ("joined.mpg", "impostor's MPEG behind",
         after(ffmpeg("-i probe.mp4 -c:v mpeg2video -q:v 3 -c:a mp2 p.mpg"),
               ffmpeg("-i other.mp4 -c:v mpeg2video -q:v 3 -c:a mp2 o.mpg"),
               joined("joined.mpg", "p.mpg", "o.mpg"))),
    )
)  # fmt: skip


def _holed(folder: Path) -> None:
    data = (folder / "probe.mp4").read_bytes()
    third = len(data) // 3
    written("hole.mp4", data[:third] + bytes(third) + data[2 * third :])(folder)


_BROKEN = tuple(
    Case(files=(out,), what=what, wish="error", says=says, make=make)
    for out, what, says, make in (
        ("empty.mp4", "no bytes", "0 bytes", written("empty.mp4", b"")),
        ("words.mp4", "text named .mp4", "Cannot open", written("words.mp4", b"hello\n" * 99)),
        ("report.mp4", "PDF named .mp4", "PDF document",
         written("report.mp4", b"%PDF-1.7\n" + bytes(range(256)) * 40)),
        ("stopped.mp4", "recorder stopped hard", "never finished",
         cut("stopped.mp4", "probe.mp4", 0.5)),
        ("cut_fast.mp4", "download broke off", "breaks off",
         after(ffmpeg("-i probe.mp4 -c copy -movflags +faststart fast.mp4"),
               cut("cut_fast.mp4", "fast.mp4", 0.6))),
        ("cut_index.mp4", "download broke off inside the index", "nothing of it can be read",
         cut("cut_index.mp4", "probe.mp4", 0.9995)),
        ("hole.mp4", "download left a hole of zeros", "could not be decoded",
         lambda folder: _holed(folder)),
        ("cut.webm", "live WebM broke off", "breaks off",
         after(ffmpeg("-i probe.mp4 -c:v libvpx -deadline realtime -b:v 600k -c:a libopus -f webm "
                      "-live 1 live.webm"), cut("cut.webm", "live.webm", 0.61))),
        ("cut.mkv", "MKV broke off", "breaks off", cut("cut.mkv", "p.mkv", 0.7)),
        ("noise.mp4", "noise in an MP4", "could not be decoded",
         noised("noise.mp4", "probe.mp4", 0.3, 90000)),
        ("noise.mkv", "noise in an MKV", "could not be",
         noised("noise.mkv", "p.mkv", 0.3, 90000)),
        ("lost.ts", "packets lost in a TS", "could not be decoded",
         lambda folder: written("lost.ts", (folder / "probe.ts").read_bytes()[: 188 * 1500]
                                + (folder / "probe.ts").read_bytes()[188 * 1800 :])(folder)),
        ("playlist.mp4", "playlist of other files", "Cannot open",
         written("playlist.mp4", b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nprobe.ts\n"
                                 b"#EXT-X-ENDLIST\n")),
        ("list.ffconcat", "list of other files", "Cannot open",
         written("list.ffconcat", b"ffconcat version 1.0\nfile 'probe.ts'\n")),
        ("huge.mkv", "picture of 240 megapixels", "too large",
         ffmpeg("-f lavfi -i color=c=black:s=16000x15000 -frames:v 1 -c:v png huge.mkv")),
        ("words.srt", "subtitles alone", "neither", written("words.srt",
         b"1\n00:00:01,000 --> 00:00:40,000\nhello\n")),
        ("unknown.mp4", "a codec that nobody knows", "not decoded here",
         lambda folder: written("unknown.mp4", (folder / "probe.mp4").read_bytes().replace(
             b"avc1", b"zzzz").replace(b"avcC", b"zzzC"))(folder)),
        ("encrypted.mp4", "encrypted", "is encrypted",
         ffmpeg("-i probe.mp4 -c copy -encryption_scheme cenc-aes-ctr -encryption_key "
                "76a6c65c5ea762046bd749a2e632ccbb -encryption_kid a7e61c373e219033c21091fa607bf3b8 "
                "encrypted.mp4")),
    )
)  # fmt: skip

_POOR = (
    Case(files=("unseen.mp4",), what="sound goes on for 3 s behind the last picture",
         wish="not verified",
         make=ffmpeg("-i probe.mp4 -filter_complex [0:v]trim=0:11[v] -map [v] -map 0:a "
                     f"{_X264} -c:a copy unseen.mp4")),
    Case(files=("one_frame.mp4",), what="one picture under the whole sound", wish="not verified",
         make=ffmpeg(f"-i probe.mp4 -frames:v 1 {_X264} -c:a copy one_frame.mp4")),
    Case(files=("silent.mp4",), what="no sound", wish="not verified",
         make=ffmpeg("-i probe.mp4 -an -c copy silent.mp4")),
    Case(files=("sound_only.m4a",), what="no picture", wish="not verified",
         make=ffmpeg("-i probe.mp4 -vn -c copy sound_only.m4a")),
    Case(files=("no_such_track.mkv",), what="a track asked for that is not there", wish="error",
         says="no picture track 3", options=("--video-track", "3"),
         make=ffmpeg("-i probe.mp4 -c copy no_such_track.mkv")),
)  # fmt: skip

OWN = (
    *(*_HEALTHY, *STRUCTURE, *SHADES, *_MATRICES, *_JOINED, *SOUNDS, *PICTURES),
    *(*_POOR, *NAMES, *PLACES, *_BROKEN, *REACHING),
)
