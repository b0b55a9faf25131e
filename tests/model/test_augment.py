from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage import data

from model.__main__ import main
from model.data import augment, light, occlusion, pose, rooms, show
from model.data.align import TEMPLATE, align
from model.data.augment import PictureChances, SpeechChances, augment_picture, augment_speech
from model.data.media import Picture, Samples, read_image
from model.runtime.align import similarity

NEVER = {field.name: 0.0 for field in fields(SpeechChances)}


def babble(count: int) -> list[Samples]:
    rng = np.random.default_rng(count)
    return [rng.standard_normal(8000).astype(np.float32) for _ in range(count)]


@pytest.fixture(scope="module")
def speech() -> Samples:
    time_s = np.arange(16_000) / 16_000
    tones = [np.sin(2 * np.pi * hertz * time_s) for hertz in (60, 200, 1000, 6000)]
    return np.asarray(0.05 * np.sum(tones, axis=0) * (time_s % 0.5 < 0.35), np.float32)


@pytest.fixture(scope="module")
def portrait() -> Picture:
    eyes_nose_mouth = np.array([(205, 114), (242, 112), (226, 132), (210, 152), (241, 150)])
    return align(data.astronaut(), eyes_nose_mouth)


def only(step: str) -> SpeechChances:
    return SpeechChances(**{**NEVER, step: 1.0})


def power(samples: Samples, hertz: int) -> float:
    spectrum = np.abs(np.fft.rfft(samples))
    return float(spectrum[hertz - 10 : hertz + 10].max())


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_augmented_speech_follows_the_seed_and_stays_speech(seed: int, speech: Samples) -> None:
    heard, done = augment_speech(speech, np.random.default_rng(seed), babble=babble)
    again, _ = augment_speech(speech, np.random.default_rng(seed), babble=babble)
    assert np.array_equal(heard, again)
    assert heard.shape == speech.shape
    assert heard.dtype == np.float32
    assert np.abs(heard).max() <= 1
    assert np.array_equal(heard, speech) == (not done)


def test_no_chance_no_change(speech: Samples, portrait: Picture) -> None:
    rng = np.random.default_rng(0)
    same, done = augment_speech(speech, rng, babble=babble, chances=SpeechChances(**NEVER))
    assert np.array_equal(same, speech)
    assert not done
    picture, done = augment_picture(portrait, rng, chances=PictureChances(damages=(1, 0, 0, 0)))
    assert picture is portrait
    assert not done


def test_gain_is_what_it_says(speech: Samples) -> None:
    for seed in range(4):
        rng = np.random.default_rng(seed)
        heard, done = augment_speech(
            speech / np.float32(4), rng, babble=babble, chances=only("gain")
        )
        change_db = 20 * np.log10(heard.std() / (speech / 4).std())
        assert -20 <= done["gain_db"] <= 10
        assert change_db == pytest.approx(done["gain_db"], abs=0.1)


def test_clipping_flattens_the_stated_share(speech: Samples) -> None:
    rng = np.random.default_rng(3)
    heard, done = augment_speech(speech, rng, babble=babble, chances=only("clipping"))
    flat = np.isclose(np.abs(heard), np.abs(heard).max()).mean()
    assert flat == pytest.approx(done["clipped"], abs=0.01)


def test_a_band_limit_takes_what_lies_outside(speech: Samples) -> None:
    seen = set()
    for seed in range(12):
        rng = np.random.default_rng(seed)
        heard, done = augment_speech(speech, rng, babble=babble, chances=only("band"))
        seen.add(done["high_hz"])
        assert power(heard, 1000) == pytest.approx(power(speech, 1000), rel=0.15)
        if done["high_hz"] < 6000:
            assert power(heard, 6000) < power(speech, 6000) / 10
        if done["low_hz"] > 120:
            assert power(heard, 60) < power(speech, 60) / 2
    assert len(seen) == 3


def test_noise_lies_at_the_stated_ratio(speech: Samples) -> None:
    rng = np.random.default_rng(1)
    heard, done = augment_speech(speech / np.float32(8), rng, babble=babble, chances=only("noise"))
    noise = heard - speech / 8
    found = 10 * np.log10(np.mean((speech / 8) ** 2) / np.mean(noise**2))
    assert found == pytest.approx(done["snr_db"], abs=0.1)


@pytest.mark.parametrize("seed", range(6))
def test_a_room_decays_as_fast_as_it_says(seed: int) -> None:
    rng = np.random.default_rng(seed)
    room = rooms.draw_room(rng)
    response = rooms.impulse_response(room, rng)
    left = np.cumsum(response[:0:-1].astype(float) ** 2)[::-1]
    decay_db = 10 * np.log10(left / left[0])
    a, b = (int(np.argmax(decay_db < level)) for level in (-8, -20))
    rt60_s = 60 / 12 * (b - a) / 16_000
    assert response[0] == 1
    assert np.abs(response).argmax() == 0
    assert rt60_s == pytest.approx(room.rt60_s, rel=0.3)
    assert 0.1 < room.distance_m < 2.1


def test_further_away_sounds_more_reverberant() -> None:
    def reverberant(distance_m: float) -> float:
        room = rooms.Room((5, 6, 3), (2, 2, 1.5), (2 + distance_m, 2, 1.5), rt60_s=0.5)
        response = rooms.impulse_response(room, np.random.default_rng(0))
        return float(np.sum(response[1:].astype(float) ** 2))

    near, far = reverberant(0.5), reverberant(2.0)
    assert near < 1 < far
    assert far / near == pytest.approx(16, rel=0.5)


def test_reverberation_keeps_time_and_loudness(speech: Samples) -> None:
    click = np.zeros(8000, np.float32)
    click[3000] = 0.5
    rng = np.random.default_rng(2)
    response = rooms.impulse_response(rooms.draw_room(rng), rng)
    assert np.abs(rooms.reverberate(click, response)).argmax() == 3000
    heard = rooms.reverberate(speech, response)
    assert heard.shape == speech.shape
    assert heard.std() == pytest.approx(speech.std(), rel=0.05)


def test_augmented_pictures_follow_the_seed_and_stay_pictures(portrait: Picture) -> None:
    seen: set[str] = set()
    for seed in range(60):
        picture, done = augment_picture(portrait, np.random.default_rng(seed))
        again, _ = augment_picture(portrait, np.random.default_rng(seed))
        assert np.array_equal(picture, again)
        assert picture.shape == portrait.shape
        assert picture.dtype == np.uint8
        assert np.array_equal(picture, portrait) == (not done)
        seen |= set(done)
    wanted = "yaw_deg occlusion shift_px gamma dark grey motion_px blur_px jpeg_quality"
    assert seen >= {*wanted.split(), "vp8_quantizer"}


def test_a_head_not_turned_is_the_head(portrait: Picture) -> None:
    assert np.array_equal(pose.turn(portrait, yaw_deg=0), portrait)


def test_a_turned_head_shows_more_of_one_cheek() -> None:
    """Seen from the side, stripes bunch up on one side of the nose and spread on the other."""
    ramp = np.repeat(np.linspace(0, 255, 160)[None, :, None], 160, axis=0)
    picture = np.broadcast_to(ramp, (160, 160, 3)).astype(np.uint8)
    row = {deg: pose.turn(picture, yaw_deg=deg)[92, :, 0].astype(float) for deg in (-20, 20)}
    slopes = {deg: (r[80] - r[50], r[110] - r[80]) for deg, r in row.items()}
    assert slopes[20][0] < slopes[20][1]
    assert slopes[-20][0] > slopes[-20][1]


def test_misalignment_moves_the_picture(portrait: Picture) -> None:
    moved = pose.misalign(portrait, shift_px=(3, -2), scale=1, rotation_deg=0)
    assert np.array_equal(moved[10:100, 20:100], portrait[12:102, 17:97])


@pytest.mark.parametrize("kind", occlusion.KINDS)
def test_an_occlusion_covers_a_part_and_leaves_the_rest(portrait: Picture, kind: str) -> None:
    covered = occlusion.occlude(portrait, np.random.default_rng(4), kind=kind)
    changed = (np.abs(covered.astype(int) - portrait).max(axis=2) > 8).mean()
    assert 0.005 < changed < 0.5


def test_light_does_what_its_name_says(portrait: Picture) -> None:
    rng = np.random.default_rng(0)
    dim = light.low_light(portrait, rng, gain=0.2, gamma=1.5, noise=3)
    side = light.harsh_light(portrait, angle=0, dark=0.2, bright=1.0)
    behind = light.backlight(portrait, dark=0.3)
    grey = light.colour_cast(portrait, gains=(1, 1, 1), grey=1)
    assert dim.mean() < 0.2 * portrait.mean()
    assert side[:, :40].mean() < 0.4 * portrait[:, :40].mean()
    assert side[:, 120:].mean() > 0.8 * portrait[:, 120:].mean()
    assert behind[60:100, 60:100].mean() < 0.4 * portrait[60:100, 60:100].mean()
    assert behind[:8, :8].mean() > portrait[:8, :8].mean()
    assert np.ptp(grey.astype(int), axis=2).max() <= 1


def test_similarity_finds_back_what_it_did() -> None:
    angle, scale = 0.4, 1.7
    turned = scale * np.array([(np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle))])
    points = TEMPLATE @ turned.T + (5, -3)
    found = similarity(TEMPLATE, points)
    assert found == pytest.approx(np.column_stack([turned, (5, -3)]))


def test_steps_and_chances_name_the_same_things() -> None:
    assert set(augment._SPEECH_STEPS) == set(NEVER)


def test_the_picture_of_examples_is_drawn(tmp_path: Path) -> None:
    assert main(["show-augmentation", "--out", str(tmp_path / "shown.png")]) == 0
    assert min(read_image(tmp_path / "shown.png").shape[:2]) > 600


def test_each_kind_of_damage_is_shown_and_differs(portrait: Picture) -> None:
    panels = dict(show.kinds(portrait, np.random.default_rng(0)))
    assert panels.pop("as it is") is portrait
    assert {*occlusion.KINDS} < set(panels)
    assert all(not np.array_equal(picture, portrait) for picture in panels.values())
