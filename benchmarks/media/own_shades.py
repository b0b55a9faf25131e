"""Films whose colours and geometry are told beside the pixels."""

from __future__ import annotations

from benchmarks.media.boxes import box, with_box
from benchmarks.media.case import Case
from benchmarks.media.making import Make, after, ffmpeg

_PQ = (
    "-vf zscale=tin=bt709:min=bt709:pin=bt709:m=bt2020nc:p=bt2020:t=smpte2084:npl=203,"
    "format=yuv420p10le -color_primaries bt2020 -colorspace bt2020nc -color_trc smpte2084"
)
_MASTERED = (
    "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1):"
    "max-cll=1000,400:hdr10=1:log-level=none"
)


def _film(out: str, what: str, make: Make | str) -> Case:
    made = ffmpeg(f"-i probe.mp4 {make} {out}") if isinstance(make, str) else make
    return Case(files=(out,), what=what, make=made)


def _clean_aperture(width: int, height: int, right: int) -> bytes:
    """What of a picture is shown, ``right`` of its middle."""
    pairs = (width, 1, height, 1, right, 1, 0, 1)
    return box("clap", b"".join(value.to_bytes(4, "big", signed=True) for value in pairs))


SHADES = (
    _film("hdr10.mkv", "HDR10 with the mastering display", f"{_PQ} -c:v libx265 -crf 16 "
          f"-x265-params \"{_MASTERED}\" -c:a copy"),
    _film("deep.webm", "VP9 of 10 bits, PQ",
          f"{_PQ} -c:v libvpx-vp9 -profile:v 2 -cpu-used 8 -crf 12 -b:v 0 -c:a libopus"),
    _film("deep_av1.mp4", "AV1 of 10 bits",
          "-pix_fmt yuv420p10le -c:v libsvtav1 -preset 9 -crf 18 -c:a copy"),
    _film("full.mp4", "full-range pixels, said so",
          "-vf scale=out_range=full -pix_fmt yuvj420p -c:v libx264 -crf 18 -c:a copy"),
    _film("full.avi", "full-range MJPEG", "-c:v mjpeg -q:v 2 -pix_fmt yuvj422p -c:a pcm_s16le"),
    _film("wide.mp4", "BT.2020 colours in standard range",
          "-vf zscale=tin=bt709:min=bt709:pin=bt709:m=bt2020nc:p=bt2020:t=bt2020-10,"
          "format=yuv420p -color_primaries bt2020 -colorspace bt2020nc -color_trc bt2020-10 "
          "-c:v libx264 -crf 18 -c:a copy"),
    _film("rgb.mkv", "H.264 of RGB", "-c:v libx264rgb -crf 18 -c:a copy"),
    _film("studio.mov", "10 bits, 4:2:2", "-c:v libx264 -crf 18 -pix_fmt yuv422p10le -c:a copy"),
    _film("sized.webm", "VP9 of 481 x 361", "-vf scale=481:361 -c:v libvpx-vp9 -cpu-used 8 -crf 15 "
          "-b:v 0 -c:a libopus"),
    _film("cropped.mp4", "cropped by the stream's own header",
          after(ffmpeg("-i probe.mp4 -vf pad=544:416:32:32:white -c:v libx264 -crf 18 -c:a copy "
                       "wider.mp4"),
                ffmpeg("-i wider.mp4 -c copy -bsf:v h264_metadata=crop_left=32:crop_right=32:"
                       "crop_top=32:crop_bottom=32 cropped.mp4"))),
    _film("aperture.mp4", "another face, which the container's clean aperture leaves out",
          after(ffmpeg("-i probe.mp4 -i other.mp4 -filter_complex [0:v][1:v]hstack[v] -map [v] "
                       "-map 0:a -c:v libx264 -crf 18 -c:a copy both.mp4"),
                with_box("aperture.mp4", "both.mp4", "moov/trak/mdia/minf/stbl/stsd/avc1/avcC",
                         lambda avcc: avcc + _clean_aperture(480, 360, -240)))),
    _film("anamorphic.mkv", "PAL wide screen: 720 x 576 shown as 16:9",
          "-vf scale=720:576,setsar=64/45 -c:v libx264 -crf 18 -c:a copy"),
)  # fmt: skip
