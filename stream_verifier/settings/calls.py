"""How many calls there may be, how long they last and how they are judged."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from stream_verifier.settings.part import Part


class CallSettings(Part):
    """How many calls there may be, how long they last and how they are judged."""

    max_calls: int | None = Field(
        None,
        ge=1,
        description="Calls served at once, at most; by default as many as the machine has time "
        "for. More are refused.",
    )
    measure_capacity: bool = Field(
        True,
        description="Whether calls are refused that the machine has no time for, by what calls "
        "cost it; otherwise max_calls alone counts and has to be set.",
    )
    inference_threads: int | None = Field(
        None,
        ge=1,
        le=16,
        description="Threads that compare; by default one for every two processors, three at most.",
    )
    max_calls_per_identity: int = Field(
        2, ge=1, description="Of these, about one person; a bound token holds one call at a time."
    )
    media_within_s: float = Field(
        30.0, ge=5, description="A call from which no media has come by then ends."
    )
    silent_call_s: float = Field(
        300.0, ge=30, description="A call from which media came ends when none came for so long."
    )
    max_call_s: float = Field(
        4 * 3600.0, ge=60, description="Longest life of a call; the client may open another."
    )
    resume_within_s: float = Field(
        15.0, ge=0, le=300, description="How long a call waits for a lost client; 0: not at all."
    )
    drain_s: float = Field(
        0.0,
        ge=0,
        le=3600,
        description="Seconds that calls have to finish or move when the server is told to stop "
        "(SIGTERM); 0: they end at once.",
    )
    people_per_call: int = Field(
        5,
        ge=1,
        le=16,
        description="Different faces, or voices, met in a call that is not verified; then it ends.",
    )
    tries_per_token: int = Field(
        3, ge=1, description="Times that a verdict may turn against a person, with one token a day."
    )
    tries_told: int = Field(
        3,
        ge=1,
        description="Times that it may in all calls of one name; then only `verified` is told, "
        "and one more time with each week.",
    )
    operating_point: str = Field(
        "alarm_8h", description="Operating point of the decision, unless a call names another."
    )
    speech_window_s: float = Field(3.0, gt=0.5, description="Longest speech scored at once.")
    speech_first_s: float = Field(1.5, gt=0.5, description="Speech that a first score needs.")
    hop_s: float = Field(1.0, gt=0.1, description="New media between two scores.")
    presence: Literal["off", "observe", "hold", "require"] = Field(
        "hold",
        description="Whether somebody is there (screens, stills, lips that say something else): "
        "hold keeps a call from being verified where it is in doubt, require also until it has "
        "been seen; observe only tells.",
    )
    challenge_at_start: Literal["off", "turn_head", "say_digits", "watch_colours"] = Field(
        "off", description="What every call is asked for once its face is seen, if anything."
    )
    challenge_in_doubt: Literal["off", "auto"] = Field(
        "off",
        description="auto: where presence stays in doubt the person is asked for something, if "
        "their client can show it.",
    )
    challenges_per_call: int = Field(
        4,
        ge=0,
        le=20,
        description="Challenges in one call, at most, whoever asks; 0: none.",
    )
    challenges_per_name: int = Field(
        20,
        ge=1,
        description="Challenges in one name and a day, at most, beside those that administrators "
        "and the settings ask for; counted by each worker.",
    )
    face_rate_hz: float = Field(2.0, gt=0, description="Pictures looked at per second.")
    calm_score_every_s: float = Field(
        2.0,
        ge=0,
        le=10,
        description="How often a long verified call's voice is scored under load; 0: always.",
    )

    @model_validator(mode="after")
    def _have_a_limit(self) -> Self:
        if self.max_calls is None and not self.measure_capacity:
            raise ValueError("without measure_capacity nothing limits calls: set max_calls")
        return self
