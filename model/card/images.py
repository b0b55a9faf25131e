"""The plots that the card shows, copied to where it refers to them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from model.card.markdown import missing
from model.errors import ModelError

SHOWN = ("clean", "noisy", "call")
ABOUT = {
    "det": "FNMR against FMR at every threshold, on probit axes; lower and further left is better",
    "scores": "How often each fused LLR came, by kind of trial",
    "reliability": "Predicted probability of a mated trial against its observed share",
    "eer": "EER of all trials by condition, with 95 % intervals",
}


class Images:
    """Plots of one evaluation.

    Args:
        folder: where ``evaluate --plots`` wrote them; None where there are none.
        out: folder that the card refers to; made and filled as plots are used.
        card: the card's file.
        conditions: of the evaluation; a few are shown.
    """

    def __init__(
        self, folder: Path | None, out: Path, card: Path, conditions: Iterable[str]
    ) -> None:
        self._folder, self._out, self._card = folder, out, card
        names = list(conditions)
        self._conditions = [name for name in SHOWN if name in names] or names[:1]
        self.used: list[Path] = []

    def block(self, kind: str) -> str:
        """Markdown that shows one kind of plot: "det", "scores", "reliability" or "eer".

        Without a folder, "eer" says that plots are missing, the others say nothing.

        Raises:
            ModelError: the folder holds no such plot.
        """
        if self._folder is None:
            remedy = "`python -m model evaluate --plots` draws them"
            return missing("all plots", "`--plots`", remedy) if kind == "eer" else ""
        names = ["eer"] if kind == "eer" else [f"{kind}-{name}" for name in self._conditions]
        files = [self._folder / f"{name}.png" for name in names]
        there = [file for file in files if file.is_file()]
        if not there:
            raise ModelError(
                f"{self._folder} holds no {files[0].name}: "
                "draw it with 'python -m model evaluate --plots'"
            )
        self.used += there
        return "\n".join(f"![{ABOUT[kind]}: {file.stem}]({self._link(file)})" for file in there)

    def copy(self) -> None:
        """Put the plots that were shown where the card refers to them."""
        for file in self.used:
            target = self._out / file.name
            if target.resolve() != file.resolve():
                self._out.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, target)

    def _link(self, file: Path) -> str:
        return Path(os.path.relpath(self._out / file.name, self._card.parent)).as_posix()
