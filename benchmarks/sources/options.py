"""What every command on a pack's speech asks for."""

from __future__ import annotations

import argparse
from pathlib import Path


def parser(name: str, description: str | None) -> argparse.ArgumentParser:
    """Make the command line of a benchmark: the pack, where embeddings are kept, and the page.

    Args:
        name: of the benchmark's package.
        description: the benchmark's own.
    """
    made = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}", description=description)
    made.add_argument(
        "--pack", type=Path, required=True, help="folder of people whom no training has seen"
    )
    made.add_argument(
        "--cache", type=Path, default=Path(".cache/sources"), help="folder of embeddings"
    )
    made.add_argument("--markdown", type=Path, help="file for the page")
    return made
