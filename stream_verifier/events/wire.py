"""How any JSON message of a client is read: bounded, checked, and never repeated in an error."""

from __future__ import annotations

from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from stream_verifier.errors import ProtocolError, VersionError
from stream_verifier.events.schema import VERSION

T = TypeVar("T")

MAX_MESSAGE_BYTES = 64 * 1024
ASKED_VERSION = "Version of the contract that the client reads; another one is refused."


def read_message(adapter: TypeAdapter[T], text: str) -> T:
    """Read one message.

    Raises:
        ProtocolError: too long, no JSON, or not of the contract; the message says where.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_MESSAGE_BYTES:
        raise ProtocolError(f"A message may have at most {MAX_MESSAGE_BYTES} bytes.")
    try:
        return adapter.validate_json(text)
    except ValidationError as error:
        # Never the input itself: it holds names, addresses and tokens.
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "message"
        raise ProtocolError(f"{where}: {first['msg']}") from None


def check_version(asked: int | None) -> None:
    """Refuse a client that wants another version; one that names none gets this one.

    Raises:
        VersionError: the message says which version is spoken.
    """
    if asked not in (None, VERSION):
        raise VersionError(
            f"This server speaks version {VERSION} of the contract, not {asked}: bring the client "
            "up to date."
        )
