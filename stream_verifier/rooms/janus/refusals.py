"""What Janus and its VideoRoom mean by their error codes."""

from __future__ import annotations

from collections.abc import Mapping

from stream_verifier.errors import RoomError, RoomHostError, RoomRefusedError, UnknownRoomError

MISSING_ELEMENT = 429
BAD_ELEMENT = 430
"""A part of a request is of another kind, such as a number where ids are text."""
BAD_TEXT_ELEMENT = 414
"""The same of a TextRoom."""
_LONGEST = 200

# Of Janus itself (apierror.h), its VideoRoom and its TextRoom, which do not overlap.
_REFUSED = {
    403: "Janus wants its API secret, or a token: give the right one.",
    405: "The token does not allow Janus's VideoRoom.",
    419: "The TextRoom wants its secret: give the right one.",
    433: "The room wants its pin, or another token: give the right one.",
}
_NO_ROOM = {
    417: "Janus has no such TextRoom. Create it first.",
    426: "Janus has no such room. Create it first.",
}
_LOST = {458: "Janus has forgotten this session.", 459: "Janus has forgotten this handle."}
_MISSING = {460: "Janus has no such plugin: install and enable it."}


class JanusError(RoomError):
    """A refusal that is none of those with a name.

    Attributes:
        number: Janus's code of it.
    """

    def __init__(self, message: str, *, number: int) -> None:
        super().__init__(message)
        self.number = number


def refusal_of(said: object) -> RoomError | None:
    """The error that an answer is; None where it is none.

    Args:
        said: ``error`` of Janus's answer, or all that a plugin said.
    """
    if not isinstance(said, dict):
        return None
    number = said.get("code", said.get("error_code"))
    if not isinstance(number, int):
        return None
    if number in _REFUSED:
        return RoomRefusedError(_REFUSED[number])
    if number in _NO_ROOM:
        return UnknownRoomError(_NO_ROOM[number])
    if number in _LOST:
        return RoomHostError(_LOST[number])
    if number in _MISSING:
        return RoomError(_MISSING[number])
    return JanusError(f"Janus refuses ({number}: {_reason(said)}).", number=number)


def _reason(said: Mapping[str, object]) -> str:
    """Its own words, short and printable."""
    text = said.get("reason", said.get("error", ""))
    return "".join(c for c in str(text)[:_LONGEST] if c.isprintable())
