"""What several tests of whole calls read and none changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from model.types import Reference

if TYPE_CHECKING:
    from tests.support.calls import DemoCalls


@pytest.fixture(scope="session")
def grace(demo_calls: DemoCalls) -> Reference:
    """Of a film in which she talks."""
    # Here, as the pure tests run where there is neither media nor inference.
    from stream_verifier.console.offline import enrol_files
    from stream_verifier.settings import load_settings
    from stream_verifier.verify.recogniser import Recogniser

    return enrol_files(
        videos=[demo_calls.enrolment("grace")],
        faces=(),
        voices=(),
        recogniser=Recogniser.load(load_settings()),
        face_rate_hz=2.0,
    )
