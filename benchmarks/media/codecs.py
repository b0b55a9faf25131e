"""One clip in twelve containers and codecs: its scores may not depend on them."""

from __future__ import annotations

from benchmarks.media.case import Case
from benchmarks.media.making import after, amr, ffmpeg

_SETTINGS = {
    "alike.mp4": "-c:v libx264 -crf 12 -c:a aac -b:a 192k",
    "alike_hevc.mp4": "-c:v libx265 -x265-params log-level=none -crf 12 -c:a aac -b:a 192k",
    "alike_av1.mp4": "-c:v libsvtav1 -preset 9 -crf 15 -c:a libopus -b:a 128k",
    "alike.mov": "-c:v prores_ks -c:a pcm_s24le",
    "alike.mkv": "-c:v ffv1 -c:a flac",
    "alike_vp8.webm": "-c:v libvpx -deadline realtime -crf 4 -b:v 6M -c:a libvorbis -q:a 7",
    "alike_vp9.webm": "-c:v libvpx-vp9 -cpu-used 8 -crf 10 -b:v 0 -c:a libopus -b:a 128k",
    "alike.avi": "-c:v mjpeg -q:v 2 -pix_fmt yuvj420p -c:a pcm_s16le",
    "alike.ts": "-c:v libx264 -crf 12 -c:a libmp3lame -b:a 192k",
    "alike.mpg": "-c:v mpeg2video -q:v 2 -r 25 -c:a mp2 -b:a 256k",
    "alike.flv": "-c:v libx264 -crf 12 -bf 2 -c:a aac -b:a 192k",
    "alike.wmv": "-c:v wmv2 -q:v 2 -c:a wmav2 -b:a 192k",
    "alike_8khz.mkv": "-c:v libx264 -crf 12 -ar 8000 -c:a flac",
    "alike_telephone.mkv": "-c:v libx264 -crf 12 -ar 8000 -af highpass=f=300,lowpass=f=3400 "
    "-c:a pcm_mulaw",
    "alike_gsm.mkv": "-c:v libx264 -crf 12 -ar 8000 -c:a libgsm_ms",
    "alike_opus6.mkv": "-c:v libx264 -crf 12 -c:a libopus -b:a 6k",
}
_AMR = "alike_amr.3gp"

NARROW = ("alike_8khz.mkv", "alike_telephone.mkv", _AMR)
"""Those of the narrow band."""
COARSE = ("alike_gsm.mkv", "alike_opus6.mkv")
"""Codecs that change the voice itself; told and held to nothing."""
ALIKE = (
    *(
        Case(files=(out,), what=arguments, make=ffmpeg(f"-i long.mp4 {arguments} {out}"))
        for out, arguments in _SETTINGS.items()
    ),
    Case(
        files=(_AMR,),
        what="-c:v libx264 -crf 12, AMR-NB at 12.2 kb/s with pauses (DTX)",
        make=after(
            amr("alike.amr", "long.mp4"),
            ffmpeg(
                f"-i long.mp4 -i alike.amr -map 0:v -map 1:a -c:v libx264 -crf 12 -c:a copy {_AMR}"
            ),
        ),
    ),
)
