"""Progress of a training stage: a bar in a terminal, a line an epoch in a log file."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from model.training.state import Row


class Bar:
    """A context manager around one stage.

    Args:
        stage: its name.
        epochs: how many at most.
        steps: batches of an epoch; None: unknown, the bar counts epochs.
        done: epochs that an earlier run has finished.
    """

    def __init__(self, stage: str, *, epochs: int, steps: int | None, done: int) -> None:
        self._stage, self._epochs, self._steps = stage, epochs, steps
        self._console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:3.0f} %  loss {task.fields[loss]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        per_epoch = steps or 1
        self._task = self._progress.add_task(
            self._title(done), total=epochs * per_epoch, completed=done * per_epoch, loss="-"
        )

    def __enter__(self) -> Bar:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def advance(self, loss: float) -> None:
        """One batch is done; ``loss`` is the epoch's mean so far."""
        step = 1 if self._steps else 0
        self._progress.update(self._task, advance=step, loss=f"{loss:.4f}")

    def finish_epoch(self, history: list[Row]) -> None:
        """An epoch is done; ``history`` ends with its figures."""
        done = len(history)
        self._progress.update(
            self._task, completed=done * (self._steps or 1), description=self._title(done)
        )
        if not self._console.is_terminal:
            figures = "  ".join(f"{name} {value:.4f}" for name, value in history[-1].items())
            print(f"{self._stage} {done}/{self._epochs}  {figures}", flush=True)

    def _title(self, done: int) -> str:
        return f"{self._stage} {min(done + 1, self._epochs)}/{self._epochs}"
