"""Speech and pictures as a call would have them: random chains, and what was done, in numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from scipy.signal import butter, sosfilt

from model.data.codecs import jpeg, opus, vp8
from model.data.degrade import add_noise, blur, made_noise
from model.data.light import backlight, colour_cast, harsh_light, low_light
from model.data.media import SAMPLE_RATE_HZ, Picture, Samples
from model.data.occlusion import KINDS, occlude
from model.data.pose import misalign, turn
from model.data.rooms import draw_room, impulse_response, reverberate

Babble = Callable[[int], list[Samples]]
Done = dict[str, float]


@dataclass(frozen=True, slots=True)
class SpeechChances:
    """How often each step is taken, 0 to 1, in the order of the chain."""

    room: float = 0.4
    noise: float = 0.6
    gain: float = 0.6
    clipping: float = 0.1
    band: float = 0.3
    opus: float = 0.33


@dataclass(frozen=True, slots=True)
class PictureChances:
    """How many damages a picture takes: none, one, two or three; sums to 1."""

    damages: tuple[float, float, float, float] = (0.1, 0.4, 0.3, 0.2)


def augment_speech(
    samples: Samples,
    rng: np.random.Generator,
    *,
    babble: Babble,
    chances: SpeechChances = SpeechChances(),  # immutable
) -> tuple[Samples, Done]:
    """Let speech go the way of a call: room, noise, microphone, band, codec.

    Args:
        samples: float32, shape (n,), -1 to 1, 16 kHz.
        rng: everything random follows from it.
        babble: gives that many voices of other people, for noise out of talk.
        chances: of each step.

    Returns:
        float32, shape (n,), -1 to 1, aligned with the input; and what was done: "rt60_s",
        "distance_m", "snr_db", "gain_db", "clipped" (share of samples), "low_hz", "high_hz",
        "opus_bps", each only where it was.
    """
    done: Done = {}
    for name, step in _SPEECH_STEPS.items():
        if rng.random() < getattr(chances, name):
            samples = step(samples, rng, babble, done)
    return np.clip(samples, -1, 1), done


def augment_picture(
    picture: Picture,
    rng: np.random.Generator,
    *,
    chances: PictureChances = PictureChances(),  # immutable
) -> tuple[Picture, Done]:
    """Damage a picture as calls do, in up to three ways.

    What happens to the face comes first (pose, things in front of it), then light, lens and
    coding, as in a camera.

    Args:
        picture: uint8, shape (160, 160, 3), RGB, aligned.
        rng: everything random follows from it.
        chances: how many damages.

    Returns:
        uint8, shape (160, 160, 3); and what was done, keys as in the functions below.
    """
    done: Done = {}
    count = int(rng.choice(4, p=chances.damages))
    chosen = rng.choice(len(_PICTURE_STEPS), count, replace=False)
    for index in sorted(chosen):
        picture = _PICTURE_STEPS[index](picture, rng, done)
    return picture, done


def _room(samples: Samples, rng: np.random.Generator, babble: Babble, done: Done) -> Samples:
    room = draw_room(rng)
    done |= {"rt60_s": room.rt60_s, "distance_m": room.distance_m}
    return reverberate(samples, impulse_response(room, rng))


def _noise(samples: Samples, rng: np.random.Generator, babble: Babble, done: Done) -> Samples:
    done["snr_db"] = snr_db = float(rng.uniform(0, 20))
    return add_noise(samples, made_noise(len(samples), babble, rng), snr_db)


def _gain(samples: Samples, rng: np.random.Generator, babble: Babble, done: Done) -> Samples:
    done["gain_db"] = gain_db = float(rng.uniform(-20, 10))
    return np.asarray(np.clip(samples * 10 ** (gain_db / 20), -1, 1), dtype=np.float32)


def _clipping(samples: Samples, rng: np.random.Generator, babble: Babble, done: Done) -> Samples:
    """An overdriven microphone: the loudest samples are cut off, the level stays."""
    done["clipped"] = share = float(10 ** rng.uniform(-3, -1))
    limit = float(np.quantile(np.abs(samples), 1 - share))
    return np.clip(samples, -limit, limit)


def _band(samples: Samples, rng: np.random.Generator, babble: Babble, done: Done) -> Samples:
    """A telephone (300 to 3400 Hz), a sample rate of 8 kHz, or a microphone without low notes."""
    low_hz, high_hz = ((300.0, 3400.0), (None, 3900.0), (float(rng.uniform(80, 300)), None))[
        int(rng.integers(3))
    ]
    done |= {"low_hz": low_hz or 0.0, "high_hz": high_hz or SAMPLE_RATE_HZ / 2}
    if low_hz:
        samples = _filtered(samples, 2, low_hz, "highpass")
    return _filtered(samples, 8, high_hz, "lowpass") if high_hz else samples


def _filtered(samples: Samples, order: int, corner_hz: float, kind: str) -> Samples:
    sections = butter(order, corner_hz, kind, fs=SAMPLE_RATE_HZ, output="sos")
    return np.asarray(sosfilt(sections, samples), dtype=np.float32)


def _opus(samples: Samples, rng: np.random.Generator, babble: Babble, done: Done) -> Samples:
    bitrate_bps = int(rng.integers(12_000, 32_001))
    done["opus_bps"] = bitrate_bps
    return opus(samples, bitrate_bps)


_SPEECH_STEPS = {
    "room": _room,
    "noise": _noise,
    "gain": _gain,
    "clipping": _clipping,
    "band": _band,
    "opus": _opus,
}


def _pose(picture: Picture, rng: np.random.Generator, done: Done) -> Picture:
    done["yaw_deg"] = yaw_deg = float(rng.uniform(-25, 25))
    done["pitch_deg"] = pitch_deg = float(rng.uniform(-15, 15))
    return turn(picture, yaw_deg=yaw_deg, pitch_deg=pitch_deg)


def _occlusion(picture: Picture, rng: np.random.Generator, done: Done) -> Picture:
    """Key "occlusion": index into :data:`model.data.occlusion.KINDS`."""
    done["occlusion"] = kind = int(rng.integers(len(KINDS)))
    return occlude(picture, rng, kind=KINDS[kind])


def _misalignment(picture: Picture, rng: np.random.Generator, done: Done) -> Picture:
    right, down = (float(px) for px in rng.normal(0, 2, 2))
    done["shift_px"] = float(np.hypot(right, down))
    done["scale"] = scale = float(np.exp(rng.normal(0, 0.04)))
    done["rotation_deg"] = rotation_deg = float(rng.normal(0, 4))
    return misalign(picture, shift_px=(right, down), scale=scale, rotation_deg=rotation_deg)


def _dark(picture: Picture, rng: np.random.Generator, done: Done) -> Picture:
    done["gain"] = gain = float(rng.uniform(0.08, 0.5))
    done["gamma"] = gamma = float(rng.uniform(1, 1.8))
    return low_light(picture, rng, gain=gain, gamma=gamma, noise=float(rng.uniform(1, 6)))


def _harsh(picture: Picture, rng: np.random.Generator, done: Done) -> Picture:
    done["dark"] = dark = float(rng.uniform(0.1, 0.5))
    if rng.random() < 0.4:
        return backlight(picture, dark=dark)
    angle, bright = float(rng.uniform(0, 2 * np.pi)), float(rng.uniform(1, 2))
    return harsh_light(picture, angle=angle, dark=dark, bright=bright)


def _colour(picture: Picture, rng: np.random.Generator, done: Done) -> Picture:
    red, green, blue = (float(gain) for gain in rng.uniform(0.75, 1.25, 3))
    done["grey"] = grey = 1.0 if rng.random() < 0.4 else float(rng.uniform(0, 0.7))
    return colour_cast(picture, gains=(red, green, blue), grey=grey)


def _out_of_focus(picture: Picture, rng: np.random.Generator, done: Done) -> Picture:
    done["blur_px"] = sigma_px = float(rng.uniform(0.7, 3))
    return blur(picture, sigma_px=sigma_px)


def _motion(picture: Picture, rng: np.random.Generator, done: Done) -> Picture:
    """A head that moves while the shutter is open: smeared along one direction."""
    done["motion_px"] = length_px = float(rng.uniform(4, 16))
    angle = float(rng.uniform(0, np.pi))
    side = int(length_px) | 1
    kernel = np.zeros((side, side), dtype=np.float32)
    middle, reach = side // 2, np.array([np.cos(angle), np.sin(angle)]) * (side // 2)
    ends = [(round(middle + sign * reach[0]), round(middle + sign * reach[1])) for sign in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 1.0)
    smeared = cv2.filter2D(picture, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT_101)
    return np.asarray(smeared, dtype=np.uint8)


def _coding(picture: Picture, rng: np.random.Generator, done: Done) -> Picture:
    """Low resolution through JPEG or VP8; low resolution alone where the quality is high."""
    done["resolution"] = scale = float(rng.uniform(0.2, 0.8))
    if rng.random() < 0.5:
        done["jpeg_quality"] = quality = int(rng.integers(15, 90))
        return jpeg(picture, quality=quality, scale=scale)
    done["vp8_quantizer"] = quantizer = int(rng.integers(30, 60))
    return vp8(picture, quantizer=quantizer, scale=max(scale, 0.3))


_PICTURE_STEPS = (
    _pose,
    _occlusion,
    _misalignment,
    _dark,
    _harsh,
    _colour,
    _motion,
    _out_of_focus,
    _coding,
    _coding,
)
