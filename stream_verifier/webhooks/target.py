"""What a webhook's settings must be like."""

from __future__ import annotations

from collections.abc import Callable, Collection
from urllib.parse import urlsplit

from pydantic import SecretStr

from stream_verifier.errors import SettingsError
from stream_verifier.events.kinds import EVENT_TYPES
from stream_verifier.webhooks.signature import read_secret


def check_target(
    url: str | None,
    secret: SecretStr | None,
    types: Collection[str],
    *,
    is_loopback: Callable[[str], bool],
) -> None:
    """Refuse settings that cannot work or would let events leave in the clear.

    Args:
        url: where to post to, if anywhere.
        secret: signs.
        types: event types; none stands for the default.
        is_loopback: whether a host is this machine.

    Raises:
        ValueError: what is wrong, without the secret.
    """
    unknown = set(types) - EVENT_TYPES
    if unknown:
        raise ValueError(f"webhook_types: there are only {', '.join(sorted(EVENT_TYPES))}")
    check_signed_target(url, secret, "webhook", is_loopback=is_loopback)


def check_signed_target(
    url: str | None,
    secret: SecretStr | None,
    what: str,
    *,
    is_loopback: Callable[[str], bool],
) -> None:
    """Refuse an address, or a secret, that signed messages about people cannot be posted with.

    Args:
        url: where to post to, if anywhere.
        secret: signs.
        what: the settings' names without ``_url`` and ``_secret``.
        is_loopback: whether a host is this machine.

    Raises:
        ValueError: what is wrong, without the secret.
    """
    if url is None:
        return
    if secret is None:
        raise ValueError(f"{what}_url needs {what}_secret: receivers must be able to check")
    try:
        read_secret(secret.get_secret_value())
    except SettingsError as error:
        raise ValueError(str(error)) from None
    _check_url(url, f"{what}_url", is_loopback)


def _check_url(url: str, name: str, is_loopback: Callable[[str], bool]) -> None:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if not host or parts.port == 0 or parts.scheme not in ("http", "https"):
        raise ValueError(f"{name} must be like https://host/path")
    if parts.scheme == "http" and not is_loopback(host):
        raise ValueError(f"{name} must be https: messages name people (http on loopback only)")
    if parts.username or parts.password:
        raise ValueError(f"{name} must not hold a password: messages are signed")
