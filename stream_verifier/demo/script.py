"""The scripted demo: four calls of made-up people, played through real WebRTC."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from stream_verifier.access.gate import Gate
from stream_verifier.access.scopes import Scope
from stream_verifier.console.display import EventPrinter, state_text
from stream_verifier.demo.caller import Caller
from stream_verifier.demo.people import DEMO_PEOPLE, DemoPerson
from stream_verifier.demo.recorded_call import write_call
from stream_verifier.events.schema import PRESENCE_REASONS, Reason, Score, State, StateChanged
from stream_verifier.hosting.server import running_server
from stream_verifier.settings import Settings

_ENROL_S = 25.0
_CALL_S = 9.0
# More media than a call needs, so that no call ends because its file does.
_SPARE_S = 6.0
_TIMEOUT_S = 60.0
_TOKEN_S = 3600.0
_PICTURES = (
    "\nThese people are pictures that talk. The server notices that nobody is there; here it only "
    "says so."
)
_CONSENT = "I am a made-up person and agree to be enrolled for this demo."


@dataclass(frozen=True, slots=True)
class Scene:
    """One call of the script and the verdict that it must bring."""

    title: str
    face: DemoPerson
    voice: DemoPerson
    state: str
    reasons: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a scene went."""

    scene: Scene
    state: str
    reasons: tuple[str, ...]

    @property
    def right(self) -> bool:
        """Whether the last verdict is the one that the scene must bring.

        That nobody is there is true of all scenes, and no part of who it is; neither is that this
        machine is busy.
        """
        of_identity = frozenset(self.reasons) - PRESENCE_REASONS - {Reason.OVERLOADED}
        return self.state == self.scene.state and of_identity == self.scene.reasons


def scenes(owner: DemoPerson, other: DemoPerson) -> tuple[Scene, ...]:
    """The script after the enrolment of ``owner``."""
    both = frozenset({"face_mismatch", "voice_mismatch"})
    return (
        Scene("The enrolled person calls", owner, owner, "verified"),
        Scene("Another person calls", other, other, "rejected", both),
        Scene(
            "Right face, wrong voice",
            owner,
            other,
            "rejected",
            frozenset({"voice_mismatch"}),
        ),
    )


async def run_demo(settings: Settings, *, once: bool, console: Console) -> bool:
    """Play the script; return whether each verdict came out right.

    The demo keeps its people in a store of its own, gone when it ends. Unless ``once``, the
    server then stays up until interrupted. It only observes whether somebody is there: the demo's
    people are pictures.
    """
    with tempfile.TemporaryDirectory(prefix="stream-verifier-demo-") as folder:
        settings = settings.model_copy(
            update={"data_dir": Path(folder), "database_url": None, "presence": "observe"}
        )
        async with running_server(settings) as server:
            address = server.address
            console.print(f"Server up at [link]{address}[/link]")
            try:
                right = await _play(address, Path(folder), _token(settings), console)
            except TimeoutError:
                console.print(f"[bold red]A call took longer than {_TIMEOUT_S:g} s.[/]")
                right = False
            if not once:
                console.print(
                    f"\nYour turn: open [bold][link]{address}[/link][/] in a browser with a "
                    "camera and a microphone. Ctrl-C ends."
                )
                await server.wait()
    return right


def _token(settings: Settings) -> str | None:
    """What the script shows the server, where one is needed."""
    if (tokens := Gate.of(settings).tokens) is None:
        return None
    return tokens.issue([Scope.ENROL, Scope.PUBLISH], ttl_s=_TOKEN_S)


async def _play(address: str, folder: Path, token: str | None, console: Console) -> bool:
    owner, other = DEMO_PEOPLE
    await _enrol(address, folder, owner, token, console)
    console.print(_PICTURES)
    outcomes = []
    for number, scene in enumerate(scenes(owner, other), start=1):
        console.rule(f"{number}. {scene.title}")
        media = await _media(folder, scene.face, scene.voice, _CALL_S + _SPARE_S, console)
        caller = Caller(address, media, mode="verify", identity=owner.id, token=token)
        outcomes.append(await _call(caller, scene, console))
    console.rule("Outcome")
    console.print(_table(outcomes))
    return all(outcome.right for outcome in outcomes)


async def _media(
    folder: Path, face: DemoPerson, voice: DemoPerson, seconds: float, console: Console
) -> Path:
    path = folder / f"{face.id}-{voice.id}-{seconds:.0f}.webm"
    with console.status("Making a portrait move and a voice speak"):
        await asyncio.to_thread(write_call, path, face=face, voice=voice, seconds=seconds)
    return path


async def _enrol(
    address: str, folder: Path, owner: DemoPerson, token: str | None, console: Console
) -> None:
    console.rule(f"0. {owner.name} enrols")
    media = await _media(folder, owner, owner, _ENROL_S, console)
    consent = {"subject": owner.name, "purpose": "demo", "text": _CONSENT}
    printer = EventPrinter(console)
    start = {"mode": "enrol", "identity": owner.id, "consent": consent, "token": token}
    async with asyncio.timeout(_TIMEOUT_S), Caller(address, media, **start) as call:
        async for event in call:
            printer(event)


async def _call(caller: Caller, scene: Scene, console: Console) -> Outcome:
    printer = EventPrinter(console)
    verdict: State = State.WAITING
    why: tuple[Reason, ...] = ()
    async with asyncio.timeout(_TIMEOUT_S), caller as call:
        async for event in call:
            printer(event)
            match event.payload:
                case StateChanged(state=state, reasons=reasons) if state is not State.ABSENT:
                    verdict, why = state, tuple(reasons)
                case Score(end_s=end_s) if end_s >= _CALL_S:
                    await call.stop()
    return Outcome(scene, verdict, why)


def _table(outcomes: Sequence[Outcome]) -> Table:
    table = Table("call", "verdict", "")
    for outcome in outcomes:
        mark = "[green]as it must be[/]" if outcome.right else "[bold red]WRONG[/]"
        verdict = state_text(outcome.state, outcome.reasons)
        table.add_row(escape(outcome.scene.title), verdict, mark)
    return table
