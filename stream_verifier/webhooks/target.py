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
    if url is None:
        return
    if secret is None:
        raise ValueError("webhook_url needs webhook_secret: receivers must be able to check")
    try:
        read_secret(secret.get_secret_value())
    except SettingsError as error:
        raise ValueError(str(error)) from None
    _check_url(url, is_loopback)


def _check_url(url: str, is_loopback: Callable[[str], bool]) -> None:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if not host or parts.port == 0 or parts.scheme not in ("http", "https"):
        raise ValueError("webhook_url must be like https://host/path")
    if parts.scheme == "http" and not is_loopback(host):
        raise ValueError("webhook_url must be https: events name people (http on loopback only)")
    if parts.username or parts.password:
        raise ValueError("webhook_url must not hold a password: messages are signed")
