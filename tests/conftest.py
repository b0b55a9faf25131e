from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The real faces and voices, which are never part of the repository."""
    path = Path(os.environ.get("STREAM_VERIFIER_DATA", ROOT.parent / "shared" / "data"))
    if not (path / "dev" / "trials.csv").is_file():
        pytest.skip(f"needs real faces and voices in {path} (or set STREAM_VERIFIER_DATA)")
    return path


@pytest.fixture(scope="session")
def demo_calls(tmp_path_factory: pytest.TempPathFactory) -> DemoCalls:
    """Calls of the two demo people, each made when first asked for."""
    return DemoCalls(tmp_path_factory.mktemp("demo-calls"))


@pytest.fixture(scope="session")
def enrolled_dir(tmp_path_factory: pytest.TempPathFactory, demo_calls: DemoCalls) -> Path:
    """A server's data directory in which Grace is enrolled, from a file."""
    from calls import enrol_from_file

    folder = tmp_path_factory.mktemp("enrolled")
    enrol_from_file(folder, demo_calls.get("grace", "grace", 25), "grace")
    return folder


class DemoCalls:
    """Made-up calls as WebM files.

    Args:
        folder: where they are kept for the whole run.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, face: str, voice: str, seconds: float = 12.0) -> Path:
        """A call with one demo person's face and one's voice."""
        from stream_verifier.demo.calls import write_call
        from stream_verifier.demo.people import DEMO_PEOPLE

        people = {person.id: person for person in DEMO_PEOPLE}
        path = self._folder / f"{face}-{voice}-{seconds:g}.webm"
        if not path.exists():
            write_call(path, face=people[face], voice=people[voice], seconds=seconds)
        return path
