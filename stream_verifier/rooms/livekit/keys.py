"""What LiveKit is shown: tokens signed with the operator's key, each for one thing and not long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import jwt
from pydantic import SecretStr

from stream_verifier.errors import RoomRefusedError

_ENTRY_S = 600.0
"""LiveKit renews it for those who are in a room, for as long each time."""
_QUESTION_S = 60.0
_SKEW_S = 10.0


@dataclass(frozen=True, slots=True)
class Keys:
    """A key of LiveKit's API.

    Attributes:
        key: its name, which tokens show.
        secret: signs them.
    """

    key: str
    secret: SecretStr = field(repr=False)

    def entry(self, room: str, identity: str, *, tells: bool, now_s: float) -> str:
        """A token to enter one room with: seen by nobody there, and sending nothing.

        Args:
            room: its name.
            identity: ours there.
            tells: whether words may be sent.
            now_s: since the epoch.
        """
        video = {
            "roomJoin": True,
            "room": room,
            "hidden": True,
            "canSubscribe": True,
            "canPublish": False,
            "canPublishData": tells,
            "canUpdateOwnMetadata": False,
        }
        # Of a room with nobody but agents in it LiveKit thinks that it is empty, and closes it.
        claims = {"sub": identity, "kind": "agent", "video": video}
        return self._signed(claims, now_s, lasts_s=_ENTRY_S)

    def question(self, now_s: float) -> str:
        """A token to ask with which rooms there are, and nothing else."""
        return self._signed({"video": {"roomList": True}}, now_s, lasts_s=_QUESTION_S)

    def _signed(self, claims: Mapping[str, object], now_s: float, *, lasts_s: float) -> str:
        times = {"nbf": int(now_s - _SKEW_S), "exp": int(now_s + lasts_s)}
        secret = self.secret.get_secret_value()
        return jwt.encode({"iss": self.key, **times, **claims}, secret, algorithm="HS256")


def needed(keys: Keys | None) -> Keys:
    """The keys, where there are any.

    Raises:
        RoomRefusedError: there are none.
    """
    if keys is None:
        raise RoomRefusedError(
            "LiveKit wants a token: set STREAM_VERIFIER_LIVEKIT_API_KEY and "
            "STREAM_VERIFIER_LIVEKIT_API_SECRET, of that LiveKit."
        )
    return keys
