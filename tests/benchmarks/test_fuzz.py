"""Made-up bytes to all that reads what callers send, and again what once found something."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.fuzz.ingestion import AUDIO, H264, VP8, joined
from benchmarks.fuzz.seeds import seeds
from benchmarks.fuzz.targets import TARGETS

CORPUS = Path(__file__).resolve().parents[1] / "corpus"
KEPT = sorted(path for path in CORPUS.glob("*/*") if path.is_file())
HONEST = seeds()

QUICK = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("path", KEPT, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_once_found_something_finds_nothing_more(path: Path) -> None:
    TARGETS[path.parent.name](path.read_bytes())


def test_each_target_has_something_to_begin_with() -> None:
    assert set(HONEST) == set(TARGETS)
    assert {path.parent.name for path in KEPT} <= set(TARGETS)
    for target, inputs in HONEST.items():
        for data in inputs:
            TARGETS[target](data)


@pytest.mark.parametrize("target", sorted(TARGETS))
@QUICK
@given(data=st.data())
def test_changed_inputs_end_as_they_may(target: str, data: st.DataObject) -> None:
    changed = bytearray(data.draw(st.sampled_from([b"", *HONEST[target]])))
    for _ in range(data.draw(st.integers(0, 6))):
        at = data.draw(st.integers(0, len(changed)))
        changed[at : at + data.draw(st.integers(0, 8))] = data.draw(st.binary(max_size=24))
    TARGETS[target](bytes(changed))


RTP = st.builds(
    lambda head, pt, rest: bytes([head, pt]) + rest,
    st.sampled_from([0x80, 0x90, 0xA0, 0x81, 0xB1]),
    st.sampled_from([AUDIO, VP8, H264, 98, 0x80 | VP8]),
    st.binary(min_size=10, max_size=120),
)
RTCP = st.builds(
    lambda count, kind, body: bytes([count, kind, 0, len(body)]) + b"".join(body),
    st.sampled_from([0x80, 0x81, 0x9F, 0xA1]),
    st.integers(200, 207),
    st.lists(st.binary(min_size=4, max_size=4), max_size=30),
)


@QUICK
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just(False), st.integers(0, 127), RTP),
            st.tuples(st.just(True), st.integers(0, 127), RTCP),
        ),
        max_size=40,
    )
)
def test_rows_of_packets_leave_nothing_without_a_bound(row: list[tuple[bool, int, bytes]]) -> None:
    TARGETS["ingestion"](joined(*row))
