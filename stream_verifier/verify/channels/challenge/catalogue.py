"""All kinds of challenges, those first that show most."""

from __future__ import annotations

from stream_verifier.events.schema import ChallengeKind
from stream_verifier.verify.channels.challenge.kind import Kind
from stream_verifier.verify.channels.challenge.say_digits import SayDigits
from stream_verifier.verify.channels.challenge.turn_head import TurnHead
from stream_verifier.verify.channels.challenge.watch_colours import WatchColours

KINDS: dict[ChallengeKind, Kind] = {
    "turn_head": TurnHead(),
    "say_digits": SayDigits(),
    "watch_colours": WatchColours(),
}
