"""More calls than one worker has time for, on a clock of its own: what becomes of each.

    python -m benchmarks.overload [--calls 6 8 10 12 14 16 20 24] [--slower 1.8] [--seconds 60]
        [--markdown docs/measurements/overload.md]

The engine, inboxes, windows and the decision are those that serve; what hearing, looking and
scoring take is given, so that any machine, however busy, says the same.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import track

from benchmarks.overload.calls import POINT, SETTLED_S, Costs, play
from benchmarks.overload.figures import HEAD, figures_of

_PAGE = """# More calls than there is time for

```
{command}
```

As that command wrote it; it says the same on any machine. One worker serves calls that talk four
of five seconds, on a clock of its own: engine, inboxes, windows and decision (`{point}`) are those
that serve, and what hearing, looking and scoring take of that clock is given, {slower:g} times what
was measured where the machine is busy (`benchmarks/overload/calls.py`). Faces and voices are taken
for who they are, with some chance. In one call in four another person takes over.

- **demand**: what scoring all windows would have taken of the worker's time, by the server's own
  account, with looks and bursts as spared as they were;
- **verified**: share of their time after the first {settled:.0f} s in which genuine calls are;
  beside it the worst off;
- **scores**: windows scored, a second and call; **unscored**: for how long a call at most had none;
- **looks**: at pictures, a second and call, 2 with time for all;
- **lag**: from the arrival of a window's newest media until it was told, scored or not;
- **unheard**: share of the sound that the worst off lost;
- **noticed**: from a swap until the rejection; ∞: not before the call ended.

{table}

How many calls a machine really holds is in [capacity](capacity.md); what gives way in which order,
and why, in [0015](../decisions/0015-load.md).
"""


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--calls", type=int, nargs="*", default=[6, 8, 10, 12, 14, 16, 20, 24])
    parser.add_argument("--slower", type=float, default=1.8, help="than the costs that are given")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--markdown", type=Path, help="file for the page")
    options = parser.parse_args()
    costs = Costs().slower(options.slower)
    rows = [
        figures_of(play(count, costs, seconds=options.seconds))
        for count in track(options.calls, "calls", console=Console(stderr=True))
    ]
    columns = "|---" * (HEAD.count("|") - 1) + "|"
    page = _PAGE.format(
        command=f"python -m benchmarks.overload {' '.join(sys.argv[1:])}".strip(),
        point=POINT,
        slower=options.slower,
        settled=SETTLED_S,
        table="\n".join([HEAD, columns, *(row.line for row in rows)]),
    )
    print(page)
    if options.markdown:
        options.markdown.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
