"""Voice recordings as phones, messengers and studios write them; each enrols with one picture."""

from __future__ import annotations

from benchmarks.media.case import Case, Wish
from benchmarks.media.making import Make, after, amr, cut, ffmpeg, joined, noised, written


def _voice(out: str, what: str, make: Make | str, wish: Wish = "enrolled", says: str = "") -> Case:
    made = ffmpeg(f"-i voice.wav {make} {out}") if isinstance(make, str) else make
    return Case(
        files=("face.jpg", out),
        roles=("face", "voice"),
        what=what,
        make=made,
        wish=wish,
        says=says,
    )


_CHAPTERS = b";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=9\ntitle=a\n"

SOUNDS = (
    _voice("note.ogg", "messenger: voice note in Opus", "-c:a libopus -b:a 16k -application voip"),
    _voice("note.opus", "messenger: Opus with DTX", "-c:a libopus -b:a 16k -dtx 1"),
    _voice("note.amr", "phone: AMR with pauses (DTX)", amr("note.amr", "voice.wav")),
    _voice("note.m4a", "phone: AAC with chapters",
           after(written("chapters.txt", _CHAPTERS),
                 ffmpeg("-i voice.wav -i chapters.txt -map_metadata 1 -c:a aac note.m4a"))),
    _voice("alac.m4a", "Apple Lossless", "-c:a alac"),
    _voice("float.wav", "WAV of 32-bit floats", "-c:a pcm_f32le"),
    _voice("wide.wav", "WAV of 24 bits at 96 kHz", "-ar 96000 -c:a pcm_s24le"),
    _voice("a_law.wav", "A-law at 8 kHz", "-ar 8000 -c:a pcm_alaw"),
    _voice("mu_law.wav", "mu-law at 8 kHz", "-ar 8000 -c:a pcm_mulaw"),
    _voice("adpcm.wav", "IMA ADPCM", "-c:a adpcm_ima_wav"),
    _voice("gsm.wav", "GSM at 8 kHz", "-ar 8000 -c:a libgsm_ms"),
    _voice("piped.wav", "WAV that does not know its length",
           ffmpeg("-i voice.wav -f wav -fflags +bitexact -seekable 0 piped.wav")),
    _voice("voice.flac", "FLAC", "-c:a flac"),
    _voice("cover.mp3", "MP3 with a cover, variable rate",
           ffmpeg("-i voice.wav -i face.jpg -map 0 -map 1 -c:v copy -disposition:v attached_pic "
                  "-c:a libmp3lame -q:a 4 cover.mp3")),
    _voice("speex.ogg", "Speex", "-c:a libspeex"),
    _voice("voice.wma", "Windows Media Audio", "-c:a wmav2"),
    _voice("voice.caf", "Core Audio", "-c:a pcm_s16be"),
    _voice("voice.aiff", "AIFF", "-c:a pcm_s16be"),
    _voice("right_only.wav", "speech on the right alone",
           ffmpeg("-i voice.wav -af 'pan=stereo|c1=c0' right_only.wav")),
    _voice("chained.ogg", "chained Ogg",
           after(ffmpeg("-i voice.wav -t 10 -c:a libopus first.ogg"),
                 ffmpeg("-ss 10 -i voice.wav -c:a libvorbis second.ogg"),
                 joined("chained.ogg", "first.ogg", "second.ogg"))),
    _voice("joined.mp3", "joined MP3",
           after(ffmpeg("-i voice.wav -t 10 first.mp3"), ffmpeg("-ss 10 -i voice.wav second.mp3"),
                 joined("joined.mp3", "first.mp3", "second.mp3"))),
    _voice("cut.wav", "WAV that broke off", cut("cut.wav", "voice.wav", 0.5), "error",
           "breaks off.*Nothing was enrolled"),
    _voice("cut.mp3", "MP3 that broke off",
           after(ffmpeg("-i voice.wav whole.mp3"), cut("cut.mp3", "whole.mp3", 0.5)), "error",
           "breaks off"),
    _voice("cut.ogg", "Ogg that broke off", cut("cut.ogg", "note.ogg", 0.51), "error",
           "breaks off"),
    _voice("cut.flac", "FLAC that broke off", cut("cut.flac", "voice.flac", 0.5), "error",
           "damaged"),
    _voice("noise.ogg", "noise in an Ogg", noised("noise.ogg", "note.ogg", 0.5, 3000), "error",
           "lost|noise"),
    _voice("face.png", "a picture given as the voice", lambda _: None, "error", "no sound"),
)  # fmt: skip
