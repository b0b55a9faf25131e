"""``python -m benchmarks.hostile_video``: what a server's memory does when pictures are huge.

Four calls at once in a process of their own, each of real pictures of 8192 x 8192, or of small ones
that claim to be as large as VP8 can say; beside them four honest calls. The table goes to the given
file.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from stream_verifier.media.encode import write_webm
from stream_verifier.media.inbox import MediaInbox
from stream_verifier.media.types import MediaGap
from stream_verifier.media.webrtc.ice import LOOPBACK
from stream_verifier.media.webrtc.keyframes import is_keyframe
from stream_verifier.media.webrtc.peer import Peer
from stream_verifier.media.webrtc.publisher import Publisher

MOST_MB = 400
_CALLS = 4
_SECONDS = 10.0
_PATH = Path(__file__).resolve().parents[1] / "docs" / "measurements" / "hostile-video.md"
_ROWS = {
    "640 x 480, honest": ((640, 480), None, 60),
    "8192 x 8192": ((8192, 8192), None, 3),
    "8192 x 8192, claimed by small ones": ((640, 480), (8192, 8192), 60),
    "16383 x 16383, claimed by small ones": ((640, 480), (16383, 16383), 60),
}


def claim_size(media: Path, path: Path, size: tuple[int, int]) -> None:
    """Copy a WebM file so that each of its VP8 key frames claims another size."""
    with av.open(str(media)) as source, av.open(str(path), mode="w", format="webm") as target:
        copies = {s.index: target.add_stream_from_template(s) for s in source.streams}
        for packet in source.demux():
            if packet.dts is None:
                continue
            data = bytearray(bytes(packet))
            if packet.stream.type == "video" and is_keyframe(bytes(data)):
                data[6:10] = size[0].to_bytes(2, "little") + size[1].to_bytes(2, "little")
            copy = av.Packet(bytes(data))
            copy.pts, copy.dts, copy.time_base = packet.pts, packet.dts, packet.time_base
            copy.stream = copies[packet.stream.index]
            copy.is_keyframe = packet.is_keyframe
            target.mux(copy)


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--markdown", type=Path, default=_PATH, help="File for the table.")
    parser.add_argument("--make", help=argparse.SUPPRESS)
    parser.add_argument("--receive", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.make:
        _make(*json.loads(options.make))
    elif options.receive:
        print(json.dumps(asyncio.run(_receive(options.receive))))
    else:
        rows = _measure()
        options.markdown.write_text(_table(rows), encoding="utf-8")
        return int(any(row["mb"] >= MOST_MB for row in rows.values()))
    return 0


def _measure() -> dict[str, dict[str, Any]]:
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, (size, claimed, frames)) in enumerate(_ROWS.items()):
            path = Path(folder) / f"{number}.webm"
            _again("--make", json.dumps([str(path), size, frames]))
            if claimed is not None:
                claim_size(path, path := path.with_suffix(".claim.webm"), claimed)
            rows[name] = json.loads(_again("--receive", str(path)).splitlines()[-1])
            print(name, rows[name])
    return rows


def _again(*arguments: str) -> str:
    """This module in another process, so that one row's memory is not the next one's."""
    command = [sys.executable, "-m", "benchmarks.hostile_video", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _make(path: str, size: tuple[int, int], frames: int) -> None:
    def pictures() -> Iterator[NDArray[np.uint8]]:
        for number in range(frames):
            yield np.full((size[1], size[0], 3), 60 + number, np.uint8)

    sound = np.zeros(48_000 * frames // 10, np.int16)
    write_webm(Path(path), pictures(), sound, fps=10, size=(size[0], size[1]))


async def _receive(path: Path) -> dict[str, Any]:
    before = _peak_mb()
    inboxes = [MediaInbox() for _ in range(_CALLS)]
    peers = [Peer(inbox=inbox, host_addresses=LOOPBACK) for inbox in inboxes]
    publishers = [Publisher(path, loop=True, host_addresses=LOOPBACK) for _ in peers]
    for peer, publisher in zip(peers, publishers, strict=True):
        await publisher.accept(await peer.answer(await publisher.offer()))
    reasons: set[str] = set()
    for _ in range(int(_SECONDS * 10)):
        await asyncio.sleep(0.1)
        items = [item for inbox in inboxes for item in inbox.drain()]
        reasons |= {item.reason for item in items if isinstance(item, MediaGap)}
    streams = [peer.stats.streams for peer in peers]
    row = {
        "before": before,
        "mb": _peak_mb(),
        "pictures": sum(stream["video"].frames for stream in streams),
        "sounds": sum(stream["audio"].frames for stream in streams),
        "refused": sum(stream["video"].refused.get("frame_too_large", 0) for stream in streams),
        "reasons": sorted(reasons),
    }
    await asyncio.gather(*(publisher.close() for publisher in publishers))
    await asyncio.gather(*(peer.close() for peer in peers))
    return row


def _peak_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _table(rows: dict[str, dict[str, Any]]) -> str:
    lines = [
        "# Pictures that are huge, or claim to be",
        "",
        "Written by `python -m benchmarks.hostile_video`: four calls at once for "
        f"{_SECONDS:.0f} s, receivers and senders in one process, without the model. Peak of the "
        f"process's memory, in MB; it has to stay below {MOST_MB}.",
        "",
        "| pictures | before the calls | peak | pictures decoded | refused | told as |",
        "|---|---|---|---|---|---|",
    ]
    for name, row in rows.items():
        lines.append(
            f"| {name} | {row['before']} | {row['mb']} | {row['pictures']} | {row['refused']} "
            f"| {', '.join(row['reasons']) or 'nothing'} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
