"""The socket that the server listens on."""

from __future__ import annotations

import errno
import socket

from stream_verifier.errors import SettingsError
from stream_verifier.settings import Settings

_BACKLOG = 128
_UNREAD_MS = 20_000


def listen(settings: Settings) -> socket.socket:
    """Take the port before anything slow is loaded.

    Raises:
        SettingsError: it cannot be listened on.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        # asyncio sends small answers at once (TCP_NODELAY) only where the socket names its
        # protocol; else the body of each waits for the client's delayed ACK of the headers, 40 ms.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    except OSError as error:
        raise _unheard(settings, error) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            # Inherited by every connection. Without it one whose peer reads nothing stays for ever,
            # with all that is buffered for it, even after the server has closed it.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNREAD_MS)
        listener.bind((settings.host, settings.port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise _unheard(settings, error) from error
    return listener


def _unheard(settings: Settings, error: OSError) -> SettingsError:
    match error.errno:
        case errno.EADDRINUSE:
            remedy = (
                "stop what uses it, unless it is this server, or choose another with --port or "
                "STREAM_VERIFIER_PORT"
            )
        case errno.EACCES:
            remedy = "ports below 1024 are for root alone: choose another, and a proxy in front"
        case _:
            remedy = (
                "name an address that this machine has, such as 127.0.0.1 or 0.0.0.0, with --host "
                "or STREAM_VERIFIER_HOST"
            )
    return SettingsError(
        f"{settings.host}:{settings.port} cannot be listened on ({error.strerror}): {remedy}."
    )


def address_of(listener: socket.socket) -> str:
    """The http address of a listening socket."""
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
