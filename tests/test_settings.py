from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from stream_verifier.errors import SettingsError
from stream_verifier.settings import doubts, is_loopback, load_settings


def test_the_environment_overrides_defaults_and_arguments_override_both(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STREAM_VERIFIER_PORT", "9000")
    monkeypatch.setenv("STREAM_VERIFIER_MAX_CALLS", "3")
    settings = load_settings(port=9001, host=None)
    assert (settings.port, settings.max_calls, settings.host) == (9001, 3, "127.0.0.1")


def test_it_listens_beyond_loopback_only_with_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match="STREAM_VERIFIER_TOKEN_KEY"):
        load_settings(host="0.0.0.0")
    monkeypatch.setenv("STREAM_VERIFIER_TOKEN_KEY", "c2VjcmV0")
    settings = load_settings(host="0.0.0.0")
    assert settings.host == "0.0.0.0"
    assert "c2VjcmV0" not in repr(settings)


def test_a_bad_value_is_named_but_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAM_VERIFIER_MAX_CALLS", "secret")
    with pytest.raises(SettingsError, match="max_calls") as caught:
        load_settings()
    assert "secret" not in str(caught.value)


def test_the_key_never_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAM_VERIFIER_KEY", "c2VjcmV0")
    assert "c2VjcmV0" not in repr(load_settings())


def test_the_store_lives_in_the_data_folder_unless_set(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path)
    assert str(tmp_path) in settings.store_url
    assert load_settings(database_url="postgresql+asyncpg://db/x").store_url.startswith("postgres")


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("a.b", False)],
)
def test_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def test_the_home_folder_may_be_written_as_a_tilde(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("STREAM_VERIFIER_DATA_DIR", "~/calls")
    monkeypatch.setenv("STREAM_VERIFIER_LEDGER_FILE", "~/ledger")
    settings = load_settings(database_url="sqlite+aiosqlite:///~/people.db")
    assert settings.data_dir == tmp_path / "calls"
    assert settings.ledger_path == tmp_path / "ledger"
    assert settings.store_url == f"sqlite+aiosqlite:///{tmp_path}/people.db"


def test_the_home_of_nobody_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAM_VERIFIER_DATA_DIR", "~nobody-is-called-so/x")
    with pytest.raises(SettingsError, match="data_dir: .*home"):
        load_settings()


def test_who_has_no_home_is_told_what_to_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a container's user without an entry in its password file."""

    def homeless(*_: object) -> None:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    monkeypatch.setattr(Path, "expanduser", homeless)
    monkeypatch.delenv("STREAM_VERIFIER_DATA_DIR", raising=False)
    with pytest.raises(SettingsError, match="data_dir: .*STREAM_VERIFIER_DATA_DIR"):
        load_settings()
    monkeypatch.undo()
    with pytest.raises(SettingsError, match="database_url: .*home"):
        monkeypatch.setattr(Path, "home", homeless)
        load_settings(data_dir=tmp_path, database_url="sqlite+aiosqlite:///~/people.db")


@pytest.mark.parametrize("name", ["audit_days", "unused_days", "consent_days"])
def test_more_days_than_the_calendar_has_are_refused(name: str) -> None:
    load_settings(**{name: 36_500})
    with pytest.raises(SettingsError, match=name):
        load_settings(**{name: 10_000_000})


@pytest.mark.parametrize("nothing", ["", " \t"])
def test_an_empty_variable_is_the_default(monkeypatch: pytest.MonkeyPatch, nothing: str) -> None:
    monkeypatch.delenv("STREAM_VERIFIER_PRESENCE", raising=False)
    whole = load_settings()
    for name in type(whole).model_fields:
        monkeypatch.setenv(f"STREAM_VERIFIER_{name.upper()}", nothing)
    assert load_settings() == whole


def test_a_list_that_is_none_is_refused_without_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAM_VERIFIER_OLD_KEYS", "c2VjcmV0")
    with pytest.raises(SettingsError, match=r"old_keys: .*JSON, such as \[\"one\"") as refused:
        load_settings()
    assert "c2VjcmV0" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_map_that_is_none_is_shown_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAM_VERIFIER_OIDC_ROLES", "guards=events:read")
    with pytest.raises(SettingsError, match=r'oidc_roles: .*JSON, such as \{"name"'):
        load_settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATA_DIR", '"/var/lib/calls"'),
        ("TOKEN_KEY", "'c2VjcmV0'"),
        ("PORT", ' "8081"\n'),
        ("ALLOWED_ORIGINS", """'["https://portal.example"]'"""),
    ],
)
def test_quotes_that_came_along_are_no_part_of_a_value(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"STREAM_VERIFIER_{name}", value)
    with pytest.raises(SettingsError, match=f"{name.lower()}: .*quotes.*leave them out") as refused:
        load_settings()
    assert "c2VjcmV0" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("udp_ports", "20000", "udp_ports: .*FIRST-LAST"),
        ("worker_address", "10.0.0.5:8080", "worker_address: .*http://10.0.0.5:8080"),
        ("redis_prefix", "a b", "redis_prefix: .*letters, digits"),
        ("oidc_scope", "profile", "oidc_scope: .*openid first"),
        ("webhook_url", "https://portal.example/hook", "^webhook_url needs webhook_secret"),
    ],
)
def test_a_value_of_a_wrong_form_is_refused_in_words(name: str, value: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told) as refused:
        load_settings(**{name: value})
    assert "pattern" not in str(refused.value)


REDIS = "redis://:hidden@redis:6379/0"


def test_a_server_of_a_fleet_says_where_others_reach_it() -> None:
    alone = load_settings()
    assert alone.redis_url is None
    here = load_settings(redis_url=REDIS, host="127.0.0.1", port=8081)
    assert here.own_address == "http://127.0.0.1:8081"
    assert load_settings(redis_url=REDIS, host="::1").own_address == "http://[::1]:8080"
    told = load_settings(redis_url=REDIS, port=0, worker_address="https://10.0.0.5/verify")
    assert told.own_address == "https://10.0.0.5/verify"
    assert "hidden" not in repr(told)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"port": 0}, "worker_address, such as"),
        ({"host": "0.0.0.0", "token_key": "k" * 43}, "worker_address, such as"),
        ({"worker_address": "10.0.0.5:8080"}, "worker_address"),
        ({"worker_address": "http://10.0.0.5/?a=b"}, "worker_address"),
        ({"lease_s": 15.0}, "lease_s must be below resume_within_s"),
        ({"redis_prefix": "two words"}, "redis_prefix"),
    ],
)
def test_a_fleet_that_cannot_work_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message) as refused:
        load_settings(redis_url=REDIS, **changes)
    assert "hidden" not in str(refused.value)


def test_a_misspelt_variable_is_told_with_what_may_be_meant(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in [name for name in os.environ if name.startswith("STREAM_VERIFIER_")]:
        monkeypatch.delenv(name)
    for name in ("DATA", "TOKEN", "PRESENCE", "SERVICE_HOST", "PORT_8080_TCP_ADDR"):
        monkeypatch.setenv(f"STREAM_VERIFIER_{name}", "x")
    assert doubts() == []
    monkeypatch.setenv("STREAM_VERIFIER_PRESENSE", "require")
    monkeypatch.setenv("STREAM_VERIFIER_QQ", "1")
    assert doubts() == [
        "STREAM_VERIFIER_PRESENSE is no setting: is STREAM_VERIFIER_PRESENCE meant?",
        "STREAM_VERIFIER_QQ is no setting, and is ignored.",
    ]
