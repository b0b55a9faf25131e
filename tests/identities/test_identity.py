from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_verifier.errors import IdentityError
from stream_verifier.identities.identity import MAX_NAME_CHARS, normalise_name


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
    assert clean.isprintable()
    assert not set(clean) & set("/\\")
    clean.encode("utf-8")
