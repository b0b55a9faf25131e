"""The page of what was noticed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from benchmarks.presence.playing import Outcome
from benchmarks.shares import share

Calls = Sequence[tuple[str, Outcome]]
Found = Mapping[str, Calls]


def page(
    found: Found, unasked: Calls, *, pack: str, people: int, of: int, presence: str = "hold"
) -> str:
    """All kinds as tables.

    Args:
        found: outcomes by kind; "honest" is no attack.
        unasked: the honest calls once more, where nobody asks for presence.
        pack: whose people.
        people: that could be enrolled.
        of: so many.
        presence: the setting: what is done where it is in doubt.
    """
    rows = found["honest"]
    calls = [one for _, one in rows]
    held = [one for one in calls if one.noticed_s is not None]
    minutes = sum(one.seconds for one in calls) / 60
    lines = [
        "# Whether somebody is there",
        "",
        f"Written by `python -m benchmarks.presence --presence {presence}` on pack `{pack}`: "
        f"{people} of {of} people",
        "could be enrolled from a third of their clips. No network was trained on them; thresholds",
        "were set with some of these people in sight, so that others are told apart less well.",
        "Calls are composed of clips and played through the pipeline of a call without codec and",
        "network. Screens and prints are simulated, which is no certificate. Intervals are",
        "Wilson's, of calls; calls of one person are alike, so that the true ones are wider.",
        "",
        "| honest calls | minutes | verified first after s: median | p95 | verified at the end, % "
        "| held back ever, % (BPCER) | why |",
        "|---|---|---|---|---|---|---|",
        f"| {len(calls)} | {minutes:.0f} "
        f"| {' | '.join(_quantiles([one.verified_s for one in calls]))} "
        f"| {share([one.verified_at_end for one in calls])} "
        f"| {share([one.noticed_s is not None for one in calls])} | {_reasons(held)} |",
        "",
        _cost(calls, [one for _, one in unasked]),
        "",
        "| attack | calls | verified at any time, % | verified at the end, % (APCER) | noticed, % "
        "| after s of speech: median | p95 | named |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for kind, pairs in found.items():
        if kind != "honest":
            lines.append(_row(kind, [one for _, one in pairs]))
    return "\n".join([*lines, ""])


def _cost(calls: Sequence[Outcome], unasked: Sequence[Outcome]) -> str:
    asked, alone = (
        1000 * sum(one.worked_s for one in some) / sum(one.seconds for one in some)
        for some in (calls, unasked)
    )
    return (
        f"An honest second takes {asked:.0f} ms of a processor, and {alone:.0f} ms where nobody "
        "asks for presence, decoding apart. These calls are cut every second or three, and each "
        "cut begins presence anew: a call without cuts costs less."
    )


def _row(kind: str, calls: Sequence[Outcome]) -> str:
    cells = [
        kind,
        str(len(calls)),
        share([one.ever_verified for one in calls]),
        share([one.verified_at_end for one in calls]),
        share([one.noticed_s is not None for one in calls]),
        *_quantiles([one.noticed_speech_s for one in calls]),
        _reasons(calls),
    ]
    return f"| {' | '.join(cells)} |"


def _quantiles(times: Sequence[float | None]) -> tuple[str, str]:
    """Median and 95th percentile; what never came counts as the slowest."""
    sorted_s = sorted(np.inf if one is None else one for one in times)
    return _seconds(sorted_s, 0.5), _seconds(sorted_s, 0.95)


def _seconds(sorted_s: Sequence[float], quantile: float) -> str:
    value = sorted_s[min(len(sorted_s) - 1, int(quantile * len(sorted_s)))]
    return "never" if np.isinf(value) else f"{value:.1f}"


def _reasons(calls: Sequence[Outcome]) -> str:
    counts = Counter(reason.value for one in calls for reason in one.reasons)
    return ", ".join(f"`{name}` {count}" for name, count in counts.most_common()) or "-"
