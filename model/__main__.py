"""``python -m model COMMAND``: make, check, train and evaluate the model.

A command is a module with ``main(argv: Sequence[str]) -> int``. It is imported only when it is
called, so that a command without TensorFlow starts without TensorFlow. To add one, add a line.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

from model.errors import ModelError
from model.outputs import write_out_unencodable

EXIT_STOPPED = 130
"""As shells have it of a command that was stopped by Ctrl-C."""

COMMANDS = {
    "train": ("model.training.command", "train a system on a pack, resuming where it was killed"),
    "export": ("model.siamese.export_command", "put what a run made where serving loads it from"),
    "calibrate": ("model.siamese.calibrate_command", "fit LLRs and thresholds on your own people"),
    "telephone": (
        "model.siamese.telephone_command",
        "fit what the telephone's band takes from LLRs",
    ),
    "strangers": (
        "model.siamese.strangers_command",
        "fit how far voices of people unlike the training's are doubted",
    ),
    "adapt": ("model.adapt.command", "fit what moves references of an older model to a new one"),
    "evaluate": ("model.evaluation.command", "error rates of systems on a pack, side by side"),
    "lips": ("model.lips.command", "train, measure and ship what hears if a mouth says a sound"),
    "presentation": (
        "model.evaluation.presentation",
        "how often living faces pass, and prints and screens do not",
    ),
    "card": ("model.card.command", "write the model card out of what other commands measured"),
    "fit-peer": ("model.peer.command", "fit the peer's fusion on a pack"),
    "voxceleb": ("model.data.voxceleb_command", "make a pack of a tree in VoxCeleb's layout"),
    "show-augmentation": ("model.data.show", "draw what training does to pictures"),
    "compress": ("model.compress.command", "make smaller and faster towers to choose from"),
    "round": (
        "model.compress.round_command",
        "keep the voice tower in 8 bits without leaving its space",
    ),
    "interchange": (
        "model.compress.interchange",
        "whether references made with one tower serve another of its space",
    ),
    "speed": ("model.speed", "what towers cost in time, size and error, side by side"),
    "weights": ("model.convert.build", "make the published towers from the pinned packages"),
    "parity": ("model.parity", "compare the towers with the published graphs"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit status, 2 for a command that does not exist."""
    write_out_unencodable()
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments or arguments[0] not in COMMANDS:
        print(_usage(), file=sys.stderr)
        if arguments and not arguments[0].startswith("-"):
            print(f"error: there is no command {arguments[0]!r}", file=sys.stderr)
        return 0 if arguments[:1] in (["-h"], ["--help"]) else 2
    module, _ = COMMANDS[arguments[0]]
    try:
        return int(importlib.import_module(module).main(arguments[1:]))
    except ModelError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        where = "" if error.filename is None else f"{error.filename}: "
        print(f"error: {where}{error.strerror or error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped: what was written is whole; 'train' goes on where it was", file=sys.stderr)
        return EXIT_STOPPED


def _usage() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {about}" for name, (_, about) in COMMANDS.items()]
    return "\n".join(["usage: python -m model COMMAND [options]", "", *lines])


if __name__ == "__main__":
    sys.exit(main())
