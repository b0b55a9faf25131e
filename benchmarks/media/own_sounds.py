"""Voice recordings as phones, messengers and studios write them; each enrols with one picture."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np

from benchmarks.media.case import Case, Wish
from benchmarks.media.making import Make, after, amr, cut, ffmpeg, joined, noised, run, written


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


def _of_no_length(folder: Path) -> None:
    data = bytearray((folder / "voice.wav").read_bytes())
    at = data.index(b"data") + 4
    data[4:8] = data[at : at + 4] = bytes(4)
    written("unknown.wav", bytes(data))(folder)


def _with_gain(out: str, file: str, decibels: int) -> Make:
    """A maker that changes the output gain in the head of an Ogg Opus (RFC 7845)."""

    def make(folder: Path) -> None:
        data = bytearray((folder / file).read_bytes())
        at = data.index(b"OpusHead")
        data[at + 16 : at + 18] = (decibels * 256).to_bytes(2, "little", signed=True)
        end = at + 19
        data[22:26] = bytes(4)
        data[22:26] = _ogg_sum(bytes(data[:end])).to_bytes(4, "little")
        written(out, bytes(data))(folder)

    return make


def _ogg_sum(page: bytes) -> int:
    """The checksum of a page: CRC-32 of polynomial 04C11DB7, bits as they come."""
    value = 0
    for byte in page:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ (0x04C11DB7 if value >> 31 else 0)) & 0xFFFFFFFF
    return value


def _with_ogg_cover(folder: Path, coding: str, out: str) -> None:
    jpeg = (folder / "face.jpg").read_bytes()
    head = b"\0\0\0\3\0\0\0\x0aimage/jpeg" + bytes(20)
    cover = base64.b64encode(head + len(jpeg).to_bytes(4, "big") + jpeg).decode()
    tags = f";FFMETADATA1\nMETADATA_BLOCK_PICTURE={cover.replace('=', chr(92) + '=')}\n"
    (folder / "cover.txt").write_text(tags)
    run(folder, f"-i voice.wav -i cover.txt -map 0 -map_metadata 1 {coding} {out}")


def _behind_a_tag(folder: Path) -> None:
    run(folder, "-i voice.wav -id3v2_version 0 bare.mp3")
    content = b"image/bmp\0\3\0" + b"BM" + np.random.default_rng(3).bytes(24 << 20)
    frame = b"APIC" + (len(content) + 1).to_bytes(4, "big") + b"\0\0" + b"\0" + content
    size = len(frame)
    coded = bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
    sound = (folder / "bare.mp3").read_bytes()
    written("huge_tag.mp3", b"ID3\3\0\0" + coded + frame + sound)(folder)


_CENTRE = "pan=5.1|FC=c0"
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
    _voice("float64.wav", "WAV of 64-bit floats", "-c:a pcm_f64le"),
    _voice("coarse.wav", "WAV of 8 bits at 11025 Hz", "-ar 11025 -c:a pcm_u8"),
    _voice("long.wav", "RF64, for recordings of more than 4 GiB", "-c:a pcm_s16le -rf64 always"),
    _voice("voice.w64", "Sony Wave64", "-c:a pcm_s16le"),
    _voice("unknown.wav", "WAV whose lengths are 0", _of_no_length),
    _voice("mp3.wav", "MP3 in a WAV", "-c:a libmp3lame"),
    _voice("adpcm_ms.wav", "Microsoft ADPCM", "-c:a adpcm_ms"),
    _voice("g722.wav", "G.722 in a WAV", "-c:a g722"),
    _voice("g726.wav", "G.726 at 8 kHz in a WAV", "-ar 8000 -c:a g726"),
    _voice("voice.aifc", "AIFF-C, little-endian", "-c:a pcm_s16le -f aiff"),
    _voice("voice.aac", "ADTS AAC", "-c:a aac"),
    _voice("latm.ts", "AAC in LATM", "-c:a aac -mpegts_flags latm"),
    _voice("voice.mka", "Opus in Matroska", "-c:a libopus"),
    _voice("voice.oga", "FLAC in Ogg", "-c:a flac"),
    _voice("voice.mp2", "MP2", "-c:a mp2"),
    _voice("voice.au", "Sun audio", "-c:a pcm_s16be"),
    _voice("voice.voc", "Creative voice", "-c:a pcm_u8"),
    _voice("voice.wv", "WavPack", "-c:a wavpack"),
    _voice("voice.tta", "True Audio", "-c:a tta"),
    _voice("voice.ac3", "AC-3", "-c:a ac3"),
    _voice("centre.ac3", "AC-3 in 5.1, speech in the middle", f"-af {_CENTRE} -c:a ac3"),
    _voice("centre.eac3", "E-AC-3 in 5.1, speech in the middle", f"-af {_CENTRE} -c:a eac3"),
    _voice("centre.dts", "DTS in 5.1, speech in the middle",
           f"-af {_CENTRE} -ar 48000 -c:a dca -strict -2"),
    _voice("centre.flac", "FLAC in 7.1, speech in the middle", "-af pan=7.1|FC=c0 -c:a flac"),
    _voice("centre.opus", "Opus of mapping family 1 in 5.1, speech in the middle",
           f"-af {_CENTRE} -c:a libopus -mapping_family 1"),
    _voice("discrete.opus", "Opus of mapping family 255, speech on the last of 3",
           "-af 'pan=3c|c2=c0' -c:a libopus -mapping_family 255"),
    _voice("gain.opus", "Opus whose header says 20 dB louder, coded as much softer",
           after(ffmpeg("-i voice.wav -af volume=-20dB -c:a libopus soft.opus"),
                 _with_gain("gain.opus", "soft.opus", 20))),
    _voice("cover.opus", "Opus with a cover",
           lambda folder: _with_ogg_cover(folder, "-c:a libopus", "cover.opus")),
    _voice("cover.flac", "FLAC with a cover",
           ffmpeg("-i voice.wav -i face.jpg -map 0 -map 1 -c:v copy -disposition:v attached_pic "
                  "-c:a flac cover.flac")),
    _voice("huge_tag.mp3", "MP3 behind a tag of 24 MiB", _behind_a_tag),
    _voice("book.m4b", "audio book: chapters as a text track, and a cover",
           after(written("chapters.txt", _CHAPTERS),
                 ffmpeg("-i voice.wav -i chapters.txt -i face.jpg -map 0 -map 2 -map_metadata 1 "
                        "-c:a aac -c:v copy -disposition:v attached_pic -f ipod book.m4b"))),
    _voice("changing.mp3", "MP3 that changes its rate and channels",
           after(ffmpeg("-i voice.wav -t 10 -ar 44100 -ac 1 -write_xing 0 -id3v2_version 0 f.mp3"),
                 ffmpeg("-ss 10 -i voice.wav -ar 48000 -ac 2 -write_xing 0 -id3v2_version 0 s.mp3"),
                 joined("changing.mp3", "f.mp3", "s.mp3"))),
    _voice("changing.aac", "ADTS AAC that changes its rate and channels",
           after(ffmpeg("-i voice.wav -t 10 -ar 44100 -ac 1 -c:a aac f.aac"),
                 ffmpeg("-ss 10 -i voice.wav -ar 32000 -ac 2 -c:a aac s.aac"),
                 joined("changing.aac", "f.aac", "s.aac"))),
    _voice("raw.g722", "G.722 without any header", "-c:a g722 -f g722", "error", "Cannot open"),
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
