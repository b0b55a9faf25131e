"""One input with what should come of it, and its trial by the very commands."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from typer.testing import CliRunner

from model.errors import ModelError
from stream_verifier.console import commands, file_commands
from stream_verifier.errors import StreamVerifierError

Wish = Literal["verified", "not verified", "enrolled", "error"]
ENROLLED = "grace"
REFUSED, OTHERWISE = commands.EXIT_ERROR, file_commands.EXIT_NOT_VERIFIED
_EXITS = {"verified": 0, "not verified": OTHERWISE, "enrolled": 0, "error": REFUSED}
_CONSENT = "I agree that a reference is made of my face and voice."
_LONGEST = 150


@dataclass(frozen=True, kw_only=True)
class Case:
    """One input.

    Attributes:
        files: made of or given, relative to the folder; the first names the case.
        what: it is, in words.
        wish: what should come.
        says: a pattern that the output must have; of an error, or of a note.
        make: writes the files into a folder; None where they are given.
        roles: "video", "face" or "voice" for each file to enrol from; to be verified where empty.
        options: further ones of the command.
        jumps: time jumps in it, and nobody stays verified over that.
    """

    files: tuple[str, ...]
    what: str
    wish: Wish = "verified"
    says: str = ""
    make: Callable[[Path], None] | None = None
    roles: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    jumps: bool = False


@dataclass(frozen=True)
class Outcome:
    """What came of a case.

    Attributes:
        case: the case.
        came: in words.
        right: whether that is what should have come.
        face: mean LLR of all scored faces; None without any.
        voice: likewise of all scored speech.
    """

    case: Case
    came: str
    right: bool
    face: float | None = None
    voice: float | None = None


def attempt(case: Case, folder: Path, *, enrol_as: str = "again") -> Outcome:
    """Run the command that a case is for, in this process; what is verified must be Grace."""
    paths = [str(folder / file) for file in case.files]
    if case.roles:
        wanted = [part for role, path in zip(case.roles, paths, strict=True)
                  for part in (f"--{role}", path)]  # fmt: skip
        words = ["enroll", enrol_as, "--replace", "--consent", _CONSENT, *wanted]
    else:
        words = ["verify", ENROLLED, paths[0], "--json"]
    code, out, error = _run([*words, *case.options])
    events = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    said = re.sub(r"\s+", " ", f"{error} {'' if events else out}").strip()
    right = code == _EXITS[case.wish] and bool(re.search(case.says, said))
    if case.jumps:
        right = right and _distrusts(events)
    came = _in_words(code, events, said.replace(str(folder) + "/", ""))
    return Outcome(case, came, right, _mean(events, "face"), _mean(events, "voice"))


def _run(words: list[str]) -> tuple[int, str, str]:
    """Exit code, output and errors of a command; expected errors as `main` tells them."""
    result = CliRunner().invoke(commands.app, words)
    error = result.stderr
    code = result.exit_code
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        known = isinstance(result.exception, (StreamVerifierError, ModelError))
        error += f"{'' if known else 'CRASH '}{result.exception}"
        code = REFUSED if known else 1
    return code, result.stdout, error


def _distrusts(events: list[dict[str, Any]]) -> bool:
    """Whether there is a jump, with a gap of each kind of media, and no trust is left after it."""
    jumps = [event for event in events if event["type"] == "gap" and event["reason"] == "jump"]
    if not jumps:
        return False
    after = [e for e in events if e["type"] == "state_changed" and e["media_s"] > jumps[0]["end_s"]]
    return bool(after) and after[0]["state"] != "verified"


def _in_words(code: int, events: list[dict[str, Any]], said: str) -> str:
    states = [event["state"] for event in events if event["type"] == "state_changed"]
    if code == 0 and not events:
        return "enrolled"
    if code in (0, OTHERWISE) and events:
        gaps = sum(event["type"] == "gap" and event["reason"] == "jump" for event in events)
        return (states[-1] if states else "waiting") + (f", {gaps} gaps of a jump" if gaps else "")
    return said if len(said) <= _LONGEST else said[: _LONGEST - 1] + "…"


def _mean(events: list[dict[str, Any]], kind: str) -> float | None:
    llrs = [e[kind]["llr"] for e in events if e["type"] == "score" and e[kind] is not None]
    return sum(llrs) / len(llrs) if llrs else None
