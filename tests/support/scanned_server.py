"""A server that logs all it can: python -m tests.support.scanned_server PORT DATA.

Its key for tokens is in the environment, as an operator would set it.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from stream_verifier.hosting.server import run_server
from stream_verifier.media.webrtc.ice import LOOPBACK
from stream_verifier.settings import load_settings

if __name__ == "__main__":
    logging.basicConfig(level=logging.DEBUG, stream=sys.stdout)
    run_server(
        load_settings(
            port=int(sys.argv[1]),
            data_dir=Path(sys.argv[2]),
            ice_host_addresses=LOOPBACK,
            measure_capacity=False,
            max_calls=2,
            keep_events_hours=24,
        )
    )
