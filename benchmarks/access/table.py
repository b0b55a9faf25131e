"""Runs the table of ways and tokens, judges it and writes it down."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from fastapi import FastAPI
from pydantic import SecretStr

from benchmarks.access.asking import ask
from benchmarks.access.cases import CASES, KEY, REFUSALS, RIGHT, Case
from benchmarks.access.one_call import OneCall
from benchmarks.access.ways import WAYS, Way
from stream_verifier.app import create_app
from stream_verifier.settings import Settings
from stream_verifier.web.state import Services, set_state, state_of_app

_PLENTY = 10_000
_HEAD = """# Who gets in

Every route and every first message of a WebSocket, tried with every kind of token that must not
open it, and with the narrowest one that must. A cell is the `code` of the answer; `yes` means let
in. Tokens bound to another identity or call carry the right scope; an administrator's cannot be
bound, so there one with all other scopes stands in. `open`: nothing is asked there, or not what a
token is bound to; what LiveKit posts is known by LiveKit's own signature. One call seems to run, so
that there is one to read, resume and end. Made by `python -m benchmarks.access`; a test fails when
a route has no row, when an answer is another or when this page is not current.

"""


@dataclass(frozen=True)
class Result:
    """What one way answered.

    Attributes:
        way: the way.
        answers: the code for each case, by its name.
        admitted: what the right token was answered.
    """

    way: Way
    answers: dict[str, str]
    admitted: str


async def try_all(settings: Settings) -> list[Result]:
    """Start an application and try all ways.

    Args:
        settings: with an empty folder for the store.
    """
    changes = {
        "token_key": SecretStr(KEY),
        "bad_tokens_per_minute": _PLENTY,
        "openings_per_minute": _PLENTY,
    }
    app = create_app(settings.model_copy(update=changes))
    async with app.router.lifespan_context(app):
        _stand_before(app)
        results = []
        for way in WAYS:
            answers = {case.name: await ask(app, way, case) for case in _cases_of(way)}
            results.append(Result(way, answers, await ask(app, way, RIGHT)))
        return results


def _stand_before(app: FastAPI) -> None:
    """Let one more call seem to run."""
    state = state_of_app(app)
    sessions: Any = OneCall(state.sessions)
    services: Services | None = state.services
    assert services is not None
    set_state(app, replace(state, services=replace(services, sessions=sessions)))


def _cases_of(way: Way) -> list[Case]:
    return [case for case in CASES if case.fits(way)]


def wrong(results: list[Result]) -> list[str]:
    """What was not answered as it must be."""
    complaints = []
    for result in results:
        complaints += [
            f"{result.way.name}, {case.name}: {result.answers[case.name]}"
            for case in _cases_of(result.way)
            if result.answers[case.name] != case.code
        ]
        if result.admitted in REFUSALS:
            complaints.append(f"{result.way.name} with the right token: {result.admitted}")
    return complaints


def markdown(results: list[Result]) -> str:
    """The results as a page."""
    columns = ["way in", "needs", *(case.name for case in CASES), RIGHT.name]
    lines = [_row(columns), _row(["---"] * len(columns))]
    for result in results:
        answers = [result.answers.get(case.name, "open") for case in CASES]
        needed = [scope.value for scope in (result.way.needs, result.way.or_needs) if scope]
        needs = " or ".join(f"`{scope}`" for scope in needed) or "nothing"
        admitted = result.admitted if result.admitted in REFUSALS else "yes"
        lines.append(_row([result.way.name, needs, *answers, admitted]))
    return _HEAD + "\n".join(lines) + "\n"


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
