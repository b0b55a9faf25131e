"""The page about synthetic speech."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.synthetic_speech.channels import CHANNELS
from benchmarks.synthetic_speech.detectors import DETECTORS
from benchmarks.synthetic_speech.generators import GENUINE, SUPPRESSED
from benchmarks.synthetic_speech.results import Results
from benchmarks.synthetic_speech.trying import Fold
from model.card.markdown import table

WANTED = 0.9
_CLEANEST = next(iter(CHANNELS))


def page(results: Results) -> str:
    """Markdown of all that was found."""
    parts = [
        _head(results),
        _verdict(results),
        "## Each way of making speech, learnt from and not\n\n" + _generators(results),
        "## Other detectors\n\n" + _detectors(results),
        "## Sources of voices\n\n" + _sources(results),
        "## Honest speech through noise suppression\n\n" + _honest(results),
        "## Text-to-speech\n\n" + _spoken(results),
    ]
    return "\n\n".join(parts) + "\n"


def _head(results: Results) -> str:
    learnt, judged = (len({p.person for p in some}) for some in (results.lessons, results.genuine))
    missing = "" if "WORLD" in results.made else " pyworld was not installed: WORLD is missing."
    return _HEAD.format(
        fitted=results.fitted,
        learnt=learnt,
        lessons=len(results.lessons),
        judged=results.judged,
        people=judged,
        trials=len(results.genuine),
        missing=missing,
    )


def _verdict(results: Results) -> str:
    found = {
        (made, channel): results.figure(Fold(generator=made), made, channel).auc
        for made in results.made
        for channel in CHANNELS
    }
    worst = min(found, key=lambda which: found[which])
    missed = sum(auc < WANTED for auc in found.values())
    said = (
        f"**Ways that the network never learnt from come to a mean AUC of "
        f"{np.mean(list(found.values())):.3f}, the worst, {worst[0]} ({worst[1]}), to "
        f"{found[worst]:.3f}; {missed} of {len(found)} are below {WANTED}."
    )
    return said + (
        " So synthetic speech is not detected, and no detector is shipped.**" if missed else "**"
    )


def _generators(results: Results) -> str:
    def rows() -> Iterator[list[str]]:
        for made in results.made:
            for seen, fold in (("yes", Fold()), ("**no**", Fold(generator=made))):
                cells = [results.figure(fold, made, channel).cell() for channel in CHANNELS]
                yield [made, seen, *cells]

    return "The network: AUC (95 %), equal error rate.\n\n" + table(
        ("made by", "learnt from", *CHANNELS), rows()
    )


def _detectors(results: Results) -> str:
    def rows() -> Iterator[list[str]]:
        for name in DETECTORS:
            aucs = [
                results.figure(Fold(generator=made), made, None, detector=name).auc
                for made in results.made
            ]
            yield [name, *(f"{auc:.3f}" for auc in aucs), f"{np.mean(aucs):.3f}"]

    return (
        "AUC over all channels, what is judged never learnt from. *Line* is logistic regression on "
        "means and spreads of the same maps; *one class* knows genuine speech only.\n\n"
        + table(("detector", *results.made, "mean"), rows())
    )


def _sources(results: Results) -> str:
    def rows() -> Iterator[list[str]]:
        for source in sorted({piece.source for piece in results.genuine}):
            people = {piece.person for piece in results.genuine if piece.source == source}
            met = "yes" if source in results.sources else "no"
            yield [source, str(len(people)), met, *(_of_source(results, source))]

    head = (
        "source",
        "people",
        "met",
        "ways learnt from",
        "kept from it: source",
        "way",
        "worst way",
    )
    return (
        f"The network, {_CLEANEST}, mean AUC of all ways of making speech: learnt from all of them "
        "and from that source, where it was *met*; from all ways and other sources; from other "
        "ways, with the way that comes off worst.\n\n" + table(head, rows())
    )


def _of_source(results: Results, source: str) -> Iterator[str]:
    def auc(fold: Fold, made: str) -> float:
        return results.figure(fold, made, _CLEANEST, source=source).auc

    yield f"{np.mean([auc(Fold(), made) for made in results.made]):.3f}"
    met = source in results.sources
    left = [auc(Fold(source=source), made) for made in results.made] if met else []
    yield f"{np.mean(left):.3f}" if left else "-"
    unseen = {made: auc(Fold(generator=made), made) for made in results.made}
    worst = min(unseen, key=lambda made: unseen[made])
    yield f"{np.mean(list(unseen.values())):.3f}"
    yield f"{unseen[worst]:.3f} ({worst})"


def _honest(results: Results) -> str:
    cells = [f"{results.called_made(Fold(), SUPPRESSED, channel):.0%}" for channel in CHANNELS]
    return (
        "People's own speech after FFmpeg's noise suppression (`afftdn`), as many devices have it: "
        "share that the network, having learnt from all ways, calls made where it calls 5 % of "
        "other genuine speech so.\n\n" + table(tuple(CHANNELS), [cells])
    )


def _spoken(results: Results) -> str:
    names = [n for n in results.people if n not in (GENUINE, SUPPRESSED, *results.made)]
    if not names:
        return "No synthesiser is installed (espeak-ng, flite, festival): not measured."

    def rows() -> Iterator[list[str]]:
        for name in names:
            voices = len({piece.person for piece in results.people[name]})
            cells = [results.figure(Fold(), name, channel).cell() for channel in CHANNELS]
            yield [name, str(voices), *cells]

    return (
        "Never learnt from, and other words by voices that nobody has, against all genuine speech: "
        "no channel is matched, so that a high figure may tell a studio, and a low one tells "
        "enough. AUC (95 % over people and voices), equal error rate.\n\n"
        + table(("synthesiser", "voices", *CHANNELS), rows())
    )


_HEAD = """# Synthetic speech

Written by `python -m benchmarks.synthetic_speech --pack DIR --fit DIR`, which anybody can run on
recordings of their own. Learnt from `{fitted}`: {lessons} pieces of 3 s of {learnt} people; judged
on `{judged}`: {trials} pieces of {people} others. Each piece is there as it was spoken and as each
way of *copy synthesis* makes it anew, so that person, words, level and channel are the same; both
go through the same channel, and edges are cut off both. What codec a pack's files were kept in is
the same for both, too.{missing}

The detector that is told of first is a network of 90,000 weights. It looks at power in bands of
125 Hz and at how ordered phases are from band to band and from frame to frame
(`benchmarks/synthetic_speech/features.py`), none of which a delay or a microphone's colour changes.

Vocoders of large neural synthesisers could not be had with their weights: what they make is not in
these tables."""
