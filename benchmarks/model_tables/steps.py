"""What is run for the card and the pages, in order, and what each leaves behind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from model.card.training import KEPT, VALIDATION

CONDITIONS = "clean,noise10+lowres,call,noise10,noise0,lowres,dark,opus16,short1"
MISSING = "clean-face,clean-voice"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run reads and writes.

    Attributes:
        pack: people whom no training has seen.
        lessons: those that the model was trained on, for counts and cohorts.
        docs: folder of the pages.
        scratch: folder of what no page holds, and of the notes about what was done.
        run: folder of the training run behind the weights, if it is here.
    """

    pack: Path
    lessons: Path
    docs: Path
    scratch: Path
    run: Path | None = None

    @property
    def pages(self) -> Path:
        """Folder of the pages of figures."""
        return self.docs / "measurements"

    @property
    def figures(self) -> Path:
        """Folder of the files that the card is written from."""
        return self.pages / "figures"


@dataclass(frozen=True, slots=True)
class Step:
    """One command.

    Attributes:
        name: to choose it by.
        module: that is run.
        arguments: it gets.
        writes: files that are there when it is done.
        reads: files beside pack and weights that its outcome follows from.
        into: a page and the heading under which its first file goes; None: it writes pages itself.
    """

    name: str
    module: str
    arguments: tuple[str, ...]
    writes: tuple[Path, ...]
    reads: tuple[Path, ...] = ()
    into: tuple[Path, str] | None = None


def steps(place: Place, *, quick: bool) -> list[Step]:
    """All steps, the dearest last; ``quick`` measures next to nothing, to see that all works."""
    whole = [_evaluate(place, quick=quick), _card(place), _believed(place, quick=quick)]
    if not quick:  # needs the published towers out of the history, and all pairs of people
        whole += [_sources(place), *_acceptance(place)]
    return [*whole, _swaps(place, quick=quick)]


def _evaluate(place: Place, *, quick: bool) -> Step:
    figures, plots = place.figures / "default.json", place.scratch / "plots"
    conditions = "clean" if quick else f"{CONDITIONS},{MISSING}"
    how = ("--system", "default" if quick else "default,face,voice", "--condition", conditions)
    rounds = ("--rounds", "20" if quick else "500")
    out = ("--json", str(figures), "--plots", str(plots))
    arguments = ("evaluate", *_pack(place), *how, *rounds, *out)
    return Step("evaluate", "model", arguments, (figures, plots / "eer.png"))


def _card(place: Place) -> Step:
    card, images = place.docs / "model-card.md", place.docs / "images" / "model"
    own = place.figures / "default.json"
    others = [place.figures / f"{name}.json" for name in ("peer", "ancestor")]
    evaluations = [own, *(path for path in others if path.is_file())]
    optional = {
        "--known": place.figures / "ancestor-known.json",
        "--speed": place.figures / "speed.json",
        "--training": place.run or place.figures / KEPT,
        "--validation": (place.run or place.figures) / VALIDATION,
    }
    if place.run is not None:
        optional["--keep"] = place.figures
    given = {name: path for name, path in optional.items() if path.exists()}
    arguments = (
        "card",
        "--evaluation",
        *map(str, evaluations),
        "--packs",
        str(place.lessons),
        str(place.pack),
        "--plots",
        str(place.scratch / "plots"),
        "--out",
        str(card),
        "--images",
        str(images),
        *(word for name, path in given.items() for word in (name, str(path))),
    )
    files = tuple(path for path in given.values() if path.is_file())
    return Step("card", "model", arguments, (card,), (*evaluations, *files))


def _sources(place: Place) -> Step:
    page = place.pages / "sources.md"
    arguments = (*_pack(place), "--fit", str(place.lessons), "--markdown", str(page))
    return Step("sources", "benchmarks.sources", arguments, (page,))


def _believed(place: Place, *, quick: bool) -> Step:
    page = place.pages / "believed.md"
    calls = "36" if quick else "600"  # of each kind under each condition one at least
    arguments = (*_pack(place), "--half", "second", "--calls", calls, "--markdown", str(page))
    return Step("believed", "benchmarks.believed", arguments, (page,))


def _acceptance(place: Place) -> list[Step]:
    everybody, held_out = (place.pages / f"acceptance{end}.md" for end in ("", "-held-out"))
    plots = place.docs / "images" / "acceptance"
    half = ("--half", "second", "--conditions", "clean,call,noise10", "--plots", str(plots))
    return [
        Step(
            "acceptance-held-out",
            "benchmarks.acceptance",
            (*_pack(place), *half, "--markdown", str(held_out)),
            (held_out,),
        ),
        Step(
            "acceptance",
            "benchmarks.acceptance",
            (*_pack(place), "--conditions", "clean", "--markdown", str(everybody)),
            (everybody,),
        ),
    ]


def _swaps(place: Place, *, quick: bool) -> Step:
    tables, figures = place.scratch / "swaps.md", place.scratch / "swaps.json"
    how = ("--calls", "12", "--conditions", "clean") if quick else ("--calls", "1200")
    drawn = () if quick else ("--plots", str(place.docs / "images" / "swaps"))
    out = ("--markdown", str(tables), "--json", str(figures))
    return Step(
        "swaps",
        "benchmarks.swaps",
        (*_pack(place), *how, *drawn, *out),
        (tables, figures),
        into=(place.pages / "swaps.md", "## All tables"),
    )


def _pack(place: Place) -> Sequence[str]:
    return ("--pack", str(place.pack))
