"""What several tests of whole calls read and none changes."""

from __future__ import annotations

import pytest

from model.types import Reference
from stream_verifier.console.offline import enrol_files
from stream_verifier.settings import load_settings
from stream_verifier.verify.recogniser import Recogniser
from tests.support.calls import DemoCalls


@pytest.fixture(scope="session")
def grace(demo_calls: DemoCalls) -> Reference:
    """Of a film in which she talks."""
    return enrol_files(
        videos=[demo_calls.enrolment("grace")],
        faces=(),
        voices=(),
        recogniser=Recogniser.load(load_settings()),
        face_rate_hz=2.0,
    )
