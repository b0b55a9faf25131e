from __future__ import annotations

import pytest

from stream_verifier.access.trust import (
    check_apart,
    check_hosts,
    check_origins,
    check_proxies,
    check_secret,
)
from stream_verifier.identities.keys import new_key


@pytest.mark.parametrize(
    "proxy",
    ["*", " *", "0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "::/0", "2000::/3", "::ffff:0:0/96", "me"],
)
def test_a_proxy_that_is_everybody_or_nobody_is_refused(proxy: str) -> None:
    with pytest.raises(ValueError, match="trusted_proxies"):
        check_proxies(["127.0.0.1", proxy])


def test_addresses_and_networks_of_ones_own_are_proxies() -> None:
    check_proxies(["127.0.0.1", "::1", "10.0.0.0/8", "192.0.2.0/24", "fc00::/7", "2001:db8::/48"])


@pytest.mark.parametrize("host", ["*", "*.", "*.*", "*.com", "ver*.example", "*.a.*"])
def test_a_name_that_fits_all_or_nothing_is_refused(host: str) -> None:
    with pytest.raises(ValueError, match="allowed_hosts"):
        check_hosts(["verify.example", host], any_host=False)


def test_any_host_needs_a_word_of_its_own() -> None:
    check_hosts(["*"], any_host=True)
    check_hosts(["verify.example", "*.verify.example", "[::1]"], any_host=False)


@pytest.mark.parametrize(
    "origin",
    ["*", "null", "https://*", "https://*.example", "portal.example", "https://portal.example/"]
    + ["https://u@portal.example", "ftp://portal.example", ""],
)
def test_what_is_no_origin_is_refused(origin: str) -> None:
    with pytest.raises(ValueError, match="allowed_origins"):
        check_origins([origin])


def test_origins_of_pages_pass() -> None:
    check_origins(["https://portal.example", "http://localhost:8080", "https://[2001:db8::1]:8443"])


@pytest.mark.parametrize("secret", ["short", "a" * 40, "abcabcabcabcabcabc"])
def test_a_secret_that_can_be_guessed_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match="turn_secret"):
        check_secret(secret, "turn_secret")
    check_secret("correct horse battery", "turn_secret")


def test_one_key_for_two_purposes_is_refused_however_it_is_written() -> None:
    key = new_key()
    check_apart([key, new_key(), "correct horse battery"])
    for same in (key, key.rstrip("="), f" {key}\n", f"whsec_{key}"):
        with pytest.raises(ValueError, match="two purposes"):
            check_apart([key, same])
