"""What the commands draw of a call or an enrolment while it goes on."""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from stream_verifier.console.plain import literal, visible
from stream_verifier.events.event import Event
from stream_verifier.events.schema import (
    ChallengeAsked,
    ChallengeResult,
    Enrolled,
    EnrolmentProgress,
    ErrorRaised,
    FusedScore,
    Gap,
    ModalityScore,
    Score,
    SessionEnded,
    SessionStarted,
    State,
    StateChanged,
)

if TYPE_CHECKING:
    from stream_verifier.media.file import FileSource

STATE_STYLES = {
    "waiting": "cyan",
    "verified": "bold green",
    "uncertain": "yellow",
    "rejected": "bold red",
    "absent": "magenta",
}
_BAR_CELLS = 6
_BAR_LLR = 8.0

SIDES = {1: "for", 0: "unclear", -1: "against"}
"""Which way evidence points, as people read it."""

OnFile: TypeAlias = "Callable[[Path, EnrolmentProgress | None], None]"


def state_text(state: str, reasons: Sequence[str]) -> str:
    """A state with its reasons, as markup."""
    why = f" [dim]({', '.join(reasons)})[/]" if reasons else ""
    return f"[{STATE_STYLES[state]}]{state}[/]{why}"


def llr_bar(llr: float | None) -> str:
    """An LLR as a bar around zero: green to the right, red to the left."""
    if llr is None:
        return f"{'':{_BAR_CELLS}}[dim]·[/]{'':{_BAR_CELLS}}"
    cells = min(_BAR_CELLS, round(abs(llr) / _BAR_LLR * _BAR_CELLS))
    left = "█" * cells if llr < 0 else ""
    right = "█" * cells if llr >= 0 else ""
    return f"[red]{left:>{_BAR_CELLS}}[/][dim]│[/][green]{right:<{_BAR_CELLS}}[/]"


def _llr(score: ModalityScore | FusedScore | None) -> float | None:
    return None if score is None else score.llr


def started_line(started: SessionStarted) -> str:
    """The start of a session as one line: for whom, and where the state changes."""
    line = f"Checking for [bold]{literal(started.identity)}[/] ({literal(started.comparator)})"
    if (origin := started.origin) is not None:
        line += f" in {literal(f'{origin.host} room {origin.room}, feed {origin.feed}')}"
    if started.adapted_from is not None:
        line += f", by a reference moved from {literal(started.adapted_from)}"
    point = started.operating_point
    if point is None:
        return line
    bounds = f"verified from {point.accept:+g} up, rejected from {point.reject:+g} down"
    return f"{line}, {literal(point.name)}: {bounds}"


def so_far(score: Score) -> str:
    """How likely both are the person's, or the evidence for it, in numbers where they are told."""
    if score.posterior is not None:
        return f"{probability(score.posterior.both):>9}"
    if score.evidence is not None:
        return f"{score.evidence.both:+5.1f}"
    return "[dim]    –[/]" if score.bar is None else SIDES[score.bar.both]


def probability(log_odds: float) -> str:
    """How likely something is; never wholly sure."""
    percent = round(100 / (1 + math.exp(-log_odds)))
    return "under 1 %" if percent < 1 else "over 99 %" if percent > 99 else f"{percent} %"


def score_line(score: Score) -> str:
    """A score as one line: time, what the window says where that is told, the evidence, notes."""
    compared = {"face": score.face, "voice": score.voice, "fused": score.fused}
    if all(one is None for one in compared.values()):
        bars = f"compared: {' and '.join(score.scored) or 'nothing':<14}"
    else:
        bars = "  ".join(f"{name} {llr_bar(_llr(one))}" for name, one in compared.items())
    bars += f"  so far {so_far(score)}"
    notes = f"  [dim]{', '.join(score.notes)}[/]" if score.notes else ""
    return f"[dim]{score.media_s:6.2f} s[/]  {bars}{notes}"


def progress_line(progress: EnrolmentProgress) -> str:
    """An enrolment's progress as one line."""
    faces = f"pictures {progress.faces} of {progress.faces_needed}"
    speech = f"speech {progress.speech_s:.1f} of {progress.speech_needed_s:g} s"
    hints = f"  [dim]{', '.join(progress.missing)}[/]" if progress.missing else ""
    return f"[dim]{progress.media_s:6.2f} s[/]  {faces}, {speech}{hints}"


def say_task(asked: ChallengeAsked) -> str:
    """What somebody is asked to do."""
    if asked.digits is not None:
        return f"say {' '.join(asked.digits)}"
    if asked.screen is not None:
        return f"watch {len(asked.screen.colours)} colours of the screen"
    return f"turn the head {', '.join(asked.turns)}"


def say_result(result: ChallengeResult) -> str:
    """How a challenge ended."""
    why = f" ({result.why})" if result.why else ""
    return f"{result.kind}: {result.outcome}{why}".replace("_", " ")


class EventPrinter:
    """Prints the events of a session for people, one a line; the last verdict ends them.

    Args:
        console: where to.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._verdict = ""

    def __call__(self, event: Event) -> None:
        """Print one event."""
        at = f"[dim]{event.media_s:6.2f} s"
        match event.payload:
            case SessionStarted() as started:
                self._verdict = state_text("waiting", ()) if started.mode == "verify" else ""
                line = started_line(started)
            case Score() as score:
                line = score_line(score)
            case EnrolmentProgress() as progress:
                line = progress_line(progress)
            case Enrolled(faces=faces):
                line = f"[bold green]Enrolled[/] from {faces} pictures"
            case StateChanged(state=state, reasons=reasons):
                self._verdict = state_text(state, reasons)
                line = f"{at}[/]  → {self._verdict}"
            case ChallengeAsked() as asked:
                line = f"{at}  asked to {literal(say_task(asked))}[/]"
            case ChallengeResult() as result:
                line = f"{at}  {literal(say_result(result))}[/]"
            case Gap(kind=kind, reason=reason):
                line = f"{at}  {kind} gap, {reason}[/]"
            case ErrorRaised(code=code, message=message):
                line = f"[bold red]{code}[/]: {literal(message)}"
            case SessionEnded(reason=end, totals=totals):
                line = f"Ended: {end}, {totals.windows} windows scored"
                line += f", last verdict {self._verdict}" if self._verdict else ""
            case _:
                return
        self._console.print(line, highlight=False)


@contextlib.contextmanager
def file_progress(console: Console, paths: Sequence[Path]) -> Iterator[OnFile]:
    """A progress bar over files to enrol from."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        task = progress.add_task("reading", total=len(paths))

        def on_file(path: Path, state: EnrolmentProgress | None) -> None:
            heard = "" if state is None else f"{state.faces} pictures, {state.speech_s:.1f} s"
            progress.update(task, advance=1, description=f"{visible(path.name)}: {heard}")

        yield on_file


@contextlib.contextmanager
def reading_progress(console: Console, source: FileSource) -> Iterator[Callable[[], None]]:
    """A bar over a file, with the time left, on a terminal only; call what it yields often."""
    columns = (TextColumn("reading"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(
        *columns,
        console=console,
        transient=True,
        # Lines that go to the same terminal move up above the bar; those of a pipe stay in it.
        redirect_stdout=sys.stdout.isatty(),
        disable=not console.is_terminal,
    ) as progress:
        task = progress.add_task("reading", total=1.0)
        yield lambda: progress.update(task, completed=source.fraction)


def show_events(
    console: Console,
    events: Iterable[Event],
    move_on: Callable[[], None],
    *,
    json: bool,
    seen: list[Event] | None,
) -> State:
    """Print events as they come, and return the last verdict.

    Args:
        console: gets what is for people.
        events: of one file, in order.
        move_on: moves the progress bar on.
        json: one event a line, for programs.
        seen: gets each, so that those before an error are known too; None where nobody asks.
    """
    state = State.WAITING
    show = None if json else EventPrinter(console)
    for event in events:
        move_on()
        if isinstance(event.payload, StateChanged):
            state = event.payload.state
        if seen is not None:
            seen.append(event)
        if show is None:
            print(event.line, flush=True)
        else:
            show(event)
    return state
