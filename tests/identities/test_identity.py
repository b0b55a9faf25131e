from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_verifier.errors import IdentityError
from stream_verifier.identities.identity import MAX_NAME_CHARS, new_name, normalise_name


@pytest.mark.parametrize("name", ["ada", "Grace Hopper", "Łukasz", "李雷", "o'brien", "a.b-c_d@e"])
def test_ordinary_names_stay_as_they_are(name: str) -> None:
    assert normalise_name(name) == name


def test_two_spellings_of_an_accent_are_one_name() -> None:
    assert normalise_name("Rene\u0301e") == normalise_name("Ren\u00e9e")


def test_outer_blanks_go() -> None:
    assert normalise_name("  ada ") == "ada"


@pytest.mark.parametrize(
    "name",
    ["", " ", "a" * 65, "a/b", "a\\b", "..", ".ada", "a\nb", "a\x00b", "a\u202eb", "\ud800"],
)
def test_bad_names_are_refused(name: str) -> None:
    with pytest.raises(IdentityError):
        normalise_name(name)


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(IdentityError):
        normalise_name(3)  # type: ignore[arg-type]


@given(st.text(max_size=80))
def test_an_accepted_name_is_stable_and_safe(name: str) -> None:
    try:
        clean = normalise_name(name)
    except IdentityError:
        return
    assert normalise_name(clean) == clean == unicodedata.normalize("NFC", clean)
    assert 1 <= len(clean) <= MAX_NAME_CHARS
    assert clean.replace("\u200c", "").replace("\u200d", "").isprintable()
    assert not set(clean) & set("/\\")
    clean.encode("utf-8")


@pytest.mark.parametrize(
    "name",
    [
        "نیلوفر محمدی\u200cنژاد",  # Persian: ZWNJ keeps letters of one word apart
        "शर्\u200dमा",  # Hindi: ZWJ after a virama asks for a half form
        "क्\u200cष",  # Hindi: ZWNJ after a virama prevents a ligature
        "ශ්\u200dරී",  # Sinhala: ZWJ makes the usual ligature
    ],
)
def test_joiners_stay_where_a_script_needs_them(name: str) -> None:
    assert normalise_name(name) == new_name(name) == name


@pytest.mark.parametrize("name", ["a\u200cda", "ada\u200d", "\u200dada", "نی\u200c", "a\u200b"])
def test_joiners_that_nobody_sees_are_refused(name: str) -> None:
    with pytest.raises(IdentityError, match="leave out"):
        normalise_name(name)


def test_any_blank_is_a_blank() -> None:
    assert normalise_name("Grace\u00a0Hopper") == "Grace Hopper"


@pytest.mark.parametrize("name", ["ada\u3164", "ada\ufe0f", "a\u00b7b", "a\u034fda"])
def test_names_that_look_like_others_are_found_but_not_enrolled_anew(name: str) -> None:
    assert normalise_name(name) == name
    with pytest.raises(IdentityError, match="leave out"):
        new_name(name)


@given(st.text(max_size=80))
def test_whoever_could_be_enrolled_before_is_found_under_the_same_spelling(name: str) -> None:
    """Names are found by a keyed hash: another spelling would lose the person."""
    before = unicodedata.normalize("NFC", name).strip()
    bad = before.startswith(".") or "/" in before or "\\" in before
    if 1 <= len(before) <= MAX_NAME_CHARS and before.isprintable() and not bad:
        assert normalise_name(name) == before


@given(st.text(max_size=80))
def test_a_new_name_is_found_again(name: str) -> None:
    try:
        stored = new_name(name)
    except IdentityError:
        return
    assert normalise_name(stored) == stored == new_name(stored)
