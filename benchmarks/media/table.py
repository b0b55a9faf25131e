"""The page of what came."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.media.case import Case, Outcome
from benchmarks.media.codecs import COARSE, NARROW
from benchmarks.media.long import LongRead
from benchmarks.media.pages import Played

SPREAD_LLR, NARROW_LLR = 0.1, 1.0

_HEAD = """# Recordings and pictures as people have them

Made by `python -m benchmarks.media`: each input goes through `stream-verifier verify` or
`stream-verifier enroll` as it is. They are made of the demo's own people: whoever is to be verified
is the one enrolled from another clip, so `verified` is right for every healthy clip of hers. An
error is clear where it says what is wrong with this very input; a test pattern checks the words. At
a jump of time there must be a gap, and no trust left behind it.

"""


def right(
    given: Sequence[Outcome],
    own: Sequence[Outcome],
    alike: Sequence[Outcome],
    played: Sequence[Played] = (),
) -> bool:
    """Whether everything came out as it should."""
    narrow, wide = _spreads(alike)
    steady = all(s is None or s <= SPREAD_LLR for s in wide) and (narrow or 0.0) <= NARROW_LLR
    files = all(outcome.right for outcome in (*given, *own, *alike))
    return steady and files and all(call.right for call in played)


def told(outcome: Outcome) -> str:
    """One outcome in a line, for a terminal."""
    llrs = f", face {_llr(outcome.face)}, voice {_llr(outcome.voice)}" if outcome.face else ""
    mark = "right" if outcome.right else "WRONG"
    return f"{mark} {' '.join(map(_plain, outcome.case.files))}: {_plain(outcome.came)}{llrs}"


def markdown(
    given: Sequence[Outcome],
    own: Sequence[Outcome],
    alike: Sequence[Outcome],
    long: Sequence[LongRead],
    played: Sequence[Played] = (),
) -> str:
    """The outcomes as a page."""
    text = _HEAD
    for title, part in (("Reported elsewhere", given), ("Our own", own)):
        if part:
            count = sum(outcome.right for outcome in part)
            text += f"## {title}\n\n{count} of {len(part)} right.\n\n{_table(part)}\n"
    return text + _alike(alike) + _long(long) + _played(played)


def _played(calls: Sequence[Played]) -> str:
    if not calls:
        return ""
    rows = ["| call | browser | the answer's sections | verdicts | should be | |"]
    rows.append("|---|---|---|---|---|---|")
    for call in calls:
        verdicts = ", ".join(call.states) or "waiting"
        if call.connection != "connected":
            verdicts += f" ({call.connection or 'not connected'})"
        mark = "right" if call.right else "**wrong**"
        cells = (call.label, call.browser, call.answered, verdicts, call.wish, mark)
        rows.append(f"| {' | '.join(_plain(cell) for cell in cells)} |")
    return (
        "\n## Calls of every shape from real browsers\n\n"
        "A page offers its calls in a browser, which plays a film of the enrolled person into "
        f"each: {sum(call.right for call in calls)} of {len(calls)} right.\n\n"
        + "\n".join(rows)
        + "\n"
    )


def _table(outcomes: Sequence[Outcome]) -> str:
    rows = ["| input | what it is | should come | came | |", "|---|---|---|---|---|"]
    for outcome in outcomes:
        case = outcome.case
        files = ", ".join(
            _code(file) for file in case.files[: 1 if case.roles[:1] != ("video",) else 3]
        )
        if case.roles == ("face", "voice") and case.files[0] == "face.jpg":
            files = _code(case.files[1])
        mark = (
            ("clear error" if case.wish == "error" else "right") if outcome.right else "**wrong**"
        )
        cells = (files, _plain(case.what), case.wish, _plain(outcome.came), mark)
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def _files(case: Case) -> str:
    """What is tried; the picture or voice that goes with it to enrol is always the same."""
    fellows = {"face.jpg", "voice.wav"}
    tried = [file for file in case.files if file not in fellows] or list(case.files)
    return ", ".join(_code(file) for file in tried)


def _alike(outcomes: Sequence[Outcome]) -> str:
    if not outcomes:
        return ""
    narrow, (face, voice) = _spreads(outcomes)
    rows = ["| file | coded by | face LLR | voice LLR |", "|---|---|---|---|"]
    rows += [
        f"| `{o.case.files[0]}` | `{o.case.what}` | {_llr(o.face)} | {_llr(o.voice)} |"
        for o in outcomes
    ]
    return (
        "## One clip in twelve containers and codecs, and at 8 kHz\n\n"
        f"Mean LLRs over the clip. Faces differ by {_llr(face)} at most, voices by {_llr(voice)} "
        f"(wanted: {SPREAD_LLR}); at 8 kHz the voice differs by {_llr(narrow)} from the first at "
        f"most (wanted: {NARROW_LLR}). GSM and Opus at 6 kb/s change the voice itself.\n\n"
        + "\n".join(rows)
        + "\n"
    )


def _long(reads: Sequence[LongRead]) -> str:
    if not reads:
        return ""
    rows = ["| file | media | size | read in | memory after 10 min | grown by, at most |"]
    rows.append("|---|---|---|---|---|---|")
    rows += [
        f"| `{r.file}` | {r.media_s / 3600:.2f} h | {r.size_mib:.0f} MiB | {r.took_s:.0f} s | "
        f"{r.after_mib[0]:.0f} MiB | {r.grown_mib:.1f} MiB |"
        for r in reads
    ]
    return (
        "\n## Long recordings\n\nResident memory of the process while one is read at the rate of "
        "scoring, every ten minutes of media.\n\n" + "\n".join(rows) + "\n"
    )


def _spreads(outcomes: Sequence[Outcome]) -> tuple[float | None, tuple[float | None, float | None]]:
    """How far the narrow ones' voice is off, and the spread of faces and voices of all others."""
    wide = [o for o in outcomes if o.case.files[0] not in (*NARROW, *COARSE)]
    off = [o.voice for o in outcomes if o.case.files[0] in NARROW and o.voice is not None]
    first = wide[0].voice if wide else None
    narrow = max(abs(one - first) for one in off) if off and first is not None else None
    return narrow, (_spread([o.face for o in wide]), _spread([o.voice for o in wide]))


def _spread(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return max(known) - min(known) if known else None


def _llr(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _code(text: str) -> str:
    return f"`{_plain(text)}`"


def _plain(text: str) -> str:
    """Text that cannot break a table."""
    shown = "".join(c if c.isprintable() else " " for c in text)
    return shown.replace("|", "/").replace("`", "'")
