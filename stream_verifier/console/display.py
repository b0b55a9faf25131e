"""What the commands draw in a terminal."""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
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
from rich.table import Table

from stream_verifier.console.plain import cell, literal, visible
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
    from stream_verifier.audit.call_history import PastCall
    from stream_verifier.console.doctor import Finding
    from stream_verifier.identities.consent import Consent
    from stream_verifier.identities.identity import Identity
    from stream_verifier.media.file import FileSource

STATE_STYLES = {
    "waiting": "cyan",
    "verified": "bold green",
    "uncertain": "yellow",
    "rejected": "bold red",
    "absent": "magenta",
}
NOBODY = "Nobody is enrolled. Start with: stream-verifier enroll NAME --video FILE --consent TEXT"
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
    """Prints events for people, one a line.

    Args:
        console: where to.
    """

    def __init__(self, console: Console) -> None:
        self._console = console

    def __call__(self, event: Event) -> None:
        """Print one event."""
        at = f"[dim]{event.media_s:6.2f} s"
        match event.payload:
            case SessionStarted() as started:
                line = started_line(started)
            case Score() as score:
                line = score_line(score)
            case EnrolmentProgress() as progress:
                line = progress_line(progress)
            case Enrolled(faces=faces):
                line = f"[bold green]Enrolled[/] from {faces} pictures"
            case StateChanged(state=state, reasons=reasons):
                line = f"{at}[/]  → {state_text(state, reasons)}"
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


def identities_table(identities: Sequence[Identity]) -> Table:
    """Some of those who are enrolled."""
    table = Table()
    for heading in ("name", "enrolled", "consent", "pictures", "speech", "model", "id"):
        table.add_column(heading, overflow="fold")  # A narrow terminal breaks it, nothing is cut.
    for item in identities:
        table.add_row(
            cell(item.name),
            f"{item.created_at:%Y-%m-%d %H:%M}",
            _consent(item.consent),
            str(item.face_count),
            f"{item.speech_s:.1f} s",
            _model(item),
            item.id,
        )
    return table


def identity_fields(identity: Identity) -> dict[str, object]:
    """One who is enrolled, for JSON."""
    consent = identity.consent
    return {
        "id": identity.id,
        "name": identity.name,
        "created_at": identity.created_at.isoformat(),
        "model": identity.model_id,
        "adapted_from": list(identity.adapted_from),
        "faces": identity.face_count,
        "speech_s": round(identity.speech_s, 1),
        "consent": consent.standing(datetime.now(UTC)),
        "consent_until": None if consent.ended_at is None else consent.ended_at.isoformat(),
    }


def _model(identity: Identity, *, advice: bool = False) -> str:
    """The model of a reference, and which one the person was enrolled with if by another."""
    if not identity.adapted_from:
        return identity.model_id
    moved = f"{identity.model_id}, moved from {identity.adapted_from[0]}"
    if len(identity.adapted_from) > 1:
        moved += f" ({len(identity.adapted_from)} times)"
    return f"{moved}: enrolling again is surer" if advice else moved


def _consent(consent: Consent) -> str:
    standing = consent.standing(datetime.now(UTC)).replace("_", " ")
    return standing if consent.ended_at is None else f"{standing}, {consent.ended_at:%Y-%m-%d}"


def identity_details(identity: Identity) -> Table:
    """One person and the consent."""
    table = Table(show_header=False)
    table.add_column()
    table.add_column(overflow="fold")
    consent, origin = identity.consent, identity.origin
    for label, value in (
        ("name", identity.name),
        ("id", identity.id),
        ("enrolled", f"{identity.created_at:%Y-%m-%d %H:%M:%S %Z}"),
        ("by", "not recorded" if origin is None else f"{origin.by} ({origin.way})"),
        ("supervised", "yes" if origin is not None and origin.supervised else "no"),
        ("in the place of", identity.replaces or "nobody"),
        ("model", _model(identity, advice=True)),
        ("pictures", str(identity.face_count)),
        ("speech", f"{identity.speech_s:.1f} s"),
        ("consent of", consent.subject),
        ("given", f"{consent.given_at:%Y-%m-%d %H:%M:%S %Z}"),
        ("for", consent.purpose),
        ("text", consent.text),
    ):
        table.add_row(label, cell(value, lines=True))
    return table


def past_calls_table(calls: Sequence[PastCall]) -> Table:
    """Calls that one person had."""
    table = Table()
    for heading in ("began", "ended", "for", "verdict", "because", "of media", "session"):
        table.add_column(heading, overflow="fold")
    for call in calls:
        table.add_row(
            call.started_at[:16].replace("T", " "),
            "no end on record"
            if call.ended_at is None
            else f"{call.ended_at[11:16]}, {call.end_reason}",
            call.mode or "",
            call.verdict or "",
            ", ".join(call.because),
            "" if call.seconds is None else f"{call.seconds} s",
            cell(call.session or ""),
        )
    return table


def findings_table(findings: Sequence[Finding]) -> Table:
    """What the doctor found."""
    table = Table("", "check", "finding")
    for finding in findings:
        mark = "[green]ok[/]" if finding.ok else "[bold red]wrong[/]"
        table.add_row(mark, finding.check, cell(finding.message, lines=True))
    return table


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
