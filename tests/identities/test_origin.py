from __future__ import annotations

import json
import math

import pytest

from stream_verifier.errors import EnrolmentError
from stream_verifier.identities.origin import Origin


def test_reads_back_what_it_wrote() -> None:
    origin = Origin(way="call", by="9f3a", supervised=True, replaced_similarity=0.5)
    assert Origin.from_dict(json.loads(json.dumps(origin.to_dict()))) == origin


@pytest.mark.parametrize(
    "wrong",
    [{"way": ""}, {"by": " "}, {"by": "x" * 65}, {"by": None}, {"replaced_similarity": math.nan}],
)
def test_a_record_that_proves_nothing_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(EnrolmentError):
        Origin(**{"way": "call", "by": "9f3a", **wrong})  # type: ignore[arg-type]


def test_what_is_no_record_is_refused() -> None:
    with pytest.raises(EnrolmentError, match="cannot be read"):
        Origin.from_dict({"way": "call", "who": "9f3a"})
