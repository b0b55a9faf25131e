from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

# Nothing of what is imported to collect the tests is garbage: to look for it takes a tenth as long.
gc.disable()

# The same examples at each run, and for each as much time as it takes, so that a commit's tests
# pass or fail by the commit alone; HYPOTHESIS_PROFILE=default looks for new ones.
settings.register_profile("same", derandomize=True, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

# As the server sets it, and read when the libraries are first imported: pictures and matrices are
# small here, and threads that wait for each other by spinning take the processor from live calls.
for _threads in (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "OPENCV_FOR_THREADS_NUM",
    "TF_NUM_INTEROP_THREADS",
    "TF_NUM_INTRAOP_THREADS",
):
    os.environ.setdefault(_threads, "1")

# The people of the tests are pictures, and nobody is there. Tests of presence ask for it.
os.environ.setdefault("STREAM_VERIFIER_PRESENCE", "off")

if TYPE_CHECKING:
    from benchmarks.postgres_server import PostgresServer
    from tests.support.calls import DemoCalls

ROOT = Path(__file__).resolve().parent.parent


def pytest_collection_finish(session: pytest.Session) -> None:
    """What is imported stays, so no later collection of garbage need look through it."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def made_once() -> Iterator[None]:
    """Servers and clients of one process share what none of them changes, where there are any."""
    if not {"httpx", "model.runtime.litert"} <= sys.modules.keys():
        yield
        return
    from tests.support.once import authorities_once, networks_once

    with pytest.MonkeyPatch.context() as patch:
        networks_once(patch)
        authorities_once(patch)
        yield


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The real faces and voices, which are never part of the repository."""
    path = Path(os.environ.get("STREAM_VERIFIER_DATA", ROOT.parent / "shared" / "data"))
    if not (path / "dev" / "trials.csv").is_file():
        pytest.skip(f"needs real faces and voices in {path} (or set STREAM_VERIFIER_DATA)")
    return path


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A server that writes fast and forgets when it is killed."""
    from benchmarks.postgres_server import postgres_server

    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def demo_calls() -> DemoCalls:
    """Calls of the two demo people, each made when first asked for."""
    from tests.support.calls import DemoCalls
    from tests.support.kept import kept_folder

    return DemoCalls(kept_folder("calls", "tests/support/calls.py"))


@pytest.fixture(scope="session")
def enrolled_dir(tmp_path_factory: pytest.TempPathFactory, demo_calls: DemoCalls) -> Path:
    """A server's data directory in which Grace is enrolled, from a file."""
    from tests.support.calls import enrol_from_file

    folder = tmp_path_factory.mktemp("enrolled")
    enrol_from_file(folder, demo_calls.enrolment("grace"), "grace")
    return folder
