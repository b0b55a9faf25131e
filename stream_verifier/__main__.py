"""The process's entry point, as `stream-verifier` and as `python -m stream_verifier`."""

from __future__ import annotations

import os
import sys

from stream_verifier.console.streams import open_shut_streams

EXIT_STOPPED = 130
"""As shells have it of a command that was stopped by Ctrl-C."""


def main() -> None:
    """Run the command line with one thread for matrices and pictures.

    Matrices and pictures are small here: a second thread costs more to wake than it saves, 16 ms
    against 0.9 ms for the features of two seconds of speech. The libraries read these variables
    when they are first imported, so they are set before anything else is.
    """
    open_shut_streams()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("OPENCV_FOR_THREADS_NUM", "1")
    try:
        from stream_verifier.console import commands

        commands.main()
    except KeyboardInterrupt:  # while it still imports: later on the commands see to it
        sys.exit(EXIT_STOPPED)


if __name__ == "__main__":
    main()
