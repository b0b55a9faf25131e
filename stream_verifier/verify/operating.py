"""What the decision was fitted to, and its named operating points; stored with the model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from model.errors import WeightsError
from model.runtime.weights import Weights
from stream_verifier.errors import SettingsError

PART = "decision"
FILE = "decision.json"
FORMAT = 1

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _Stored(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Worth(_Stored):
    """How much one modality's LLRs count.

    Neighbouring windows share media and are of one room, one light, one microphone: what a
    second one adds is less than what it says.
    """

    first: Positive = Field(description="Factor of a window that follows on nothing.")
    per_s: Positive = Field(description="Factor of a later window, for each second that is new.")
    limit: Positive = Field(description="Most that one window may add or take, in log-odds.")
    slack: NotNegative = Field(
        0.0,
        description="An LLR against the person counts for so much less: a hoarse voice or a bad "
        "light lasts, and window after window says the same.",
    )


class FilterModel(_Stored):
    """The fitted part of one hidden Markov filter."""

    face: Worth
    voice: Worth
    swap_every_s: Positive = Field(
        description="Mean time between two replacements; bounds how sure one can get."
    )
    ceiling: Positive = Field(
        20.0,
        description="Highest log-odds of a face or a voice: long trust must not delay the notice "
        "of a replacement (the barrier of Page's CUSUM, 1954).",
    )


class EvidenceModel(FilterModel):
    """How evidence adds up: for the state, which must change soon, and for what is told of it."""

    posterior: FilterModel | None = Field(
        None,
        description="The filter whose log-odds are meant to be taken at their word: fitted to what "
        "was true, without the brakes by which a replacement is noticed soon. None: none was.",
    )


class Sure(_Stored):
    """What must be believed before anybody becomes verified: least posterior of each side."""

    face: float = Field(allow_inf_nan=False, description="Log-odds.")
    voice: float = Field(allow_inf_nan=False, description="Log-odds.")


class OperatingPoint(_Stored):
    """Log-odds of "face and voice are the enrolled person's" at which the state changes.

    There is hysteresis, since states that flicker help nobody: ``verified`` holds down to half
    of ``accept``, ``rejected`` up to even odds.
    """

    accept: Positive = Field(description="From here up: verified.")
    reject: Annotated[float, Field(lt=0, allow_inf_nan=False)] = Field(
        description="From here down: rejected."
    )
    sure: Sure | None = Field(
        None,
        description="Nobody becomes verified before so much is believed either; None: no more is "
        "asked for. Once verified, the odds alone tell how long.",
    )
    target: str = Field("", description="What it was chosen for.")
    measured: dict[str, float] = Field(
        default_factory=dict, description="What it reached on the people it was chosen on."
    )

    @property
    def hold(self) -> float:
        """Below it, ``verified`` is lost."""
        return self.accept / 2

    def weaker_than(self, other: Self) -> bool:
        """Whether it lets anybody be verified, or stay unrejected, whom the other one would not."""
        if self.accept < other.accept or self.reject < other.reject:
            return True
        if other.sure is None:
            return False
        mine = self.sure
        return mine is None or mine.face < other.sure.face or mine.voice < other.sure.voice


class DecisionModel(_Stored):
    """All that is fitted after the comparator: how evidence adds up, and operating points."""

    evidence: EvidenceModel
    points: dict[str, OperatingPoint]
    # Notes for people, of any kind; nothing reads them.
    made_by: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _believes_what_points_ask(self) -> Self:
        asking = [name for name, point in self.points.items() if point.sure is not None]
        if asking and self.evidence.posterior is None:
            raise ValueError(f"{asking[0]} asks for a posterior, and none was fitted")
        return self

    @classmethod
    def load(cls, weights: Weights) -> Self:
        """Read what the manifest lists.

        Raises:
            WeightsError: it is not there, or garbled.
        """
        if PART not in weights.manifest["parts"]:
            raise WeightsError(
                f"{weights.directory} holds no decision: make one with "
                "'stream-verifier calibrate-decision --pack DIR'"
            )
        return cls.read(weights.path(PART))

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file that ``text`` made.

        Raises:
            WeightsError: it cannot be read, or a field is missing or of another form.
        """
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            if not isinstance(found, dict) or found.pop("format", None) != FORMAT:
                raise WeightsError(f"{path.name} is of another format than {FORMAT}")
            return cls.model_validate(found)
        except (OSError, ValueError) as error:
            problem = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
            raise WeightsError(f"{path.name} lacks or garbles a field: {problem}") from error

    def text(self) -> str:
        """The file's content."""
        return json.dumps({"format": FORMAT, **self.model_dump()}, indent=2) + "\n"

    def point(self, name: str) -> OperatingPoint:
        """Look an operating point up.

        Raises:
            SettingsError: there is none of that name; says which there are.
        """
        if name not in self.points:
            known = ", ".join(sorted(self.points)) or "none"
            raise SettingsError(
                f"The model has no operating point {name!r}. It has: {known}. "
                "Name one of them in the call, or in STREAM_VERIFIER_OPERATING_POINT."
            )
        return self.points[name]
