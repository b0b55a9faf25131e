"""By whom and by which way somebody was enrolled, so that a record can be answered for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

from stream_verifier.errors import EnrolmentError

MAX_CHARS = 64


class OriginFields(TypedDict):
    """An origin as JSON has it."""

    way: str
    by: str
    supervised: bool
    replaced_similarity: float | None


@dataclass(frozen=True, slots=True)
class Origin:
    """The act of enrolling: kept sealed, with the consent.

    Attributes:
        way: how it came in, such as "command line" or "call".
        by: who did it: the id of the token that was shown, or the operating system's user.
        supervised: whether somebody who answers for it watched, also whenever more was added.
        replaced_similarity: where an older reference was replaced, how much the new one resembles
            it, as whoever compares the two measures that; None where nobody compared.

    Raises:
        EnrolmentError: a text is blank or longer than 64 characters, or a number is none.
    """

    way: str
    by: str
    supervised: bool = False
    replaced_similarity: float | None = None

    def __post_init__(self) -> None:
        """Refuse a record that would prove nothing."""
        for value in (self.way, self.by):
            if not isinstance(value, str) or not value.strip() or len(value) > MAX_CHARS:
                raise EnrolmentError(
                    f"Say by which way and by whom the person is enrolled, in 1 to {MAX_CHARS} "
                    "characters each."
                )
        similarity = self.replaced_similarity
        if similarity is not None and not math.isfinite(similarity):
            raise EnrolmentError("The likeness to the replaced reference must be a number.")

    def to_dict(self) -> OriginFields:
        """The record as JSON-ready fields."""
        return {
            "way": self.way,
            "by": self.by,
            "supervised": self.supervised,
            "replaced_similarity": self.replaced_similarity,
        }

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Origin:
        """Read back what :meth:`to_dict` wrote.

        Raises:
            EnrolmentError: it is no such record.
        """
        try:
            return cls(**record)
        except TypeError as error:
            raise EnrolmentError("The record of the enrolment cannot be read.") from error
