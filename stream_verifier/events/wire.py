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
    """Read one message; what asks for no version gets this one.

    Raises:
        ProtocolError: too long, no JSON, or not of the contract; the message says where.
        VersionError: it asks for a version that is not spoken here.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_MESSAGE_BYTES:
        raise ProtocolError(f"A message may have at most {MAX_MESSAGE_BYTES} bytes.")
    try:
        message = adapter.validate_json(text)
    except ValidationError as error:
        # Never the input itself: it holds names, addresses and tokens.
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "message"
        raise ProtocolError(f"{where}: {first['msg']}") from None
    _check_version(getattr(message, "v", None))
    return message


def _check_version(asked: int | None) -> None:
    if asked not in (None, VERSION):
        raise VersionError(
            f"This server speaks version {VERSION} of the contract, not {asked}: bring the client "
            "up to date."
        )
