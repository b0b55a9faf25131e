"""Events about what the person in the call is asked to do."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from stream_verifier.events.schema.payload import Payload, Side, unless_none

ChallengeKind = Literal["turn_head", "say_digits", "watch_colours"]
"""What somebody can be asked to do."""

ChallengeOutcome = Literal["passed", "failed", "unanswered", "not_measurable"]
"""How it can end."""

Asker = Literal["api", "client", "start", "doubt"]
"""Who asks: somebody over HTTP, the call's own client, or the server by its settings."""

Turn = Literal["left", "right"]
"""As the person has it, whichever way a preview is mirrored."""


class ScreenColours(BaseModel):
    """Colours that fill the screen around the person's picture, one after the other."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    colours: tuple[str, ...] = Field(
        description="Such as #aacbff: pale, of one luminance, so that nothing flashes."
    )
    from_s: float = Field(
        description="When the first is shown, in seconds from now; until then, say what comes."
    )
    each_s: float = Field(description="For how long each is shown, in seconds.")


class ChallengeAsked(Payload):
    """The person in the call is asked to do something, now and once: show it to them."""

    type: Literal["challenge_asked"] = "challenge_asked"
    challenge: str = Field(description="Its id: random, for this once.")
    kind: ChallengeKind
    by: Asker
    turns: list[Turn] = Field(
        description="Sides to turn the head to, one after the other and back in between, as the "
        "person has left and right; empty for other kinds."
    )
    digits: str | None = Field(description="Digits to say, one by one; null for other kinds.")
    within_s: float = Field(description="Seconds from now until the answer must be over.")
    number: int = Field(description="Counts the challenges of this call, from 1.")
    most: int = Field(description="No more are asked in this call.")
    others: list[ChallengeKind] = Field(
        description="Kinds that the person may choose instead; skipping is always possible."
    )
    chance: float | None = Field(
        description="The chance that turns picked blindly are the right ones, or that light which "
        "knows nothing of the colours follows them; null where nothing that is drawn by chance is "
        "checked, as the words of digits are not."
    )
    screen: ScreenColours | None = Field(
        None, exclude_if=unless_none, description="Colours to show; left out for other kinds."
    )


class ChallengeMeasured(BaseModel):
    """What was measured of an answer; null where that kind does not measure it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pictures: int = Field(0, description="In which the face was found.")
    turns: list[Turn] | None = Field(None, description="Sides that the head turned to.")
    reaction_s: float | None = Field(
        None, description="From asking to the first turn, or to speech; null where there was none."
    )
    speech_s: float | None = Field(None, description="Seconds of speech.")
    syllables: int | None = Field(None, description="Peaks of its loudness, about one a syllable.")
    lips: Side | None = Field(None, description="Whether the mouth went with the speech.")
    voice: Side | None = Field(
        None, description="Which way the voice's evidence points, as a score's bar."
    )
    words: bool | None = Field(
        None, description="Whether the words were recognised. They never are: false."
    )
    bits: float | None = Field(
        None,
        exclude_if=unless_none,
        description="How clearly light on the face, against what is behind it, follows the "
        "colours: it comes by chance once in 2 to the power of this. Left out for other kinds, as "
        "those below.",
    )
    delay_s: float | None = Field(
        None, exclude_if=unless_none, description="By which it follows them."
    )
    light: float | None = Field(
        None,
        exclude_if=unless_none,
        description="About how much of the screen's light is on the face, to 1 of other light.",
    )
    background: float | None = Field(
        None,
        exclude_if=unless_none,
        description="How far the background follows them, to 1 of the face.",
    )


class ChallengeResult(Payload):
    """A challenge is over."""

    type: Literal["challenge_result"] = "challenge_result"
    challenge: str
    kind: ChallengeKind
    outcome: ChallengeOutcome
    why: str | None = Field(
        description="Machine-readable, such as other_side, flat, too_soon or skipped; null where "
        "it was passed."
    )
    after_s: float = Field(description="Seconds of media from asking to its end.")
    measured: ChallengeMeasured
