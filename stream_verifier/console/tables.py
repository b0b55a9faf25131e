"""The tables that the commands draw of what is stored or was found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.table import Table

from stream_verifier.console.plain import cell

if TYPE_CHECKING:
    from stream_verifier.audit.call_history import PastCall
    from stream_verifier.console.doctor import Finding
    from stream_verifier.identities.consent import Consent
    from stream_verifier.identities.identity import Identity

NOBODY = "Nobody is enrolled. Start with: stream-verifier enroll NAME --video FILE --consent TEXT"


def identities_table(identities: Sequence[Identity]) -> Table:
    """Some of those who are enrolled."""
    table = Table()
    for heading in ("name", "enrolled", "consent", "pictures", "speech", "model", "id"):
        table.add_column(heading, overflow="fold")  # A narrow terminal breaks it, nothing is cut.
    for item in identities:
        table.add_row(
            cell(item.name),
            f"{item.created_at:%Y-%m-%d %H:%M}",
            _consent(item.consent),
            str(item.face_count),
            f"{item.speech_s:.1f} s",
            _model(item),
            item.id,
        )
    return table


def identity_fields(identity: Identity) -> dict[str, object]:
    """One who is enrolled, for JSON."""
    consent = identity.consent
    return {
        "id": identity.id,
        "name": identity.name,
        "created_at": identity.created_at.isoformat(),
        "model": identity.model_id,
        "adapted_from": list(identity.adapted_from),
        "faces": identity.face_count,
        "speech_s": round(identity.speech_s, 1),
        "consent": consent.standing(datetime.now(UTC)),
        "consent_until": None if consent.ended_at is None else consent.ended_at.isoformat(),
    }


def _model(identity: Identity, *, advice: bool = False) -> str:
    """The model of a reference, and which one the person was enrolled with if by another."""
    if not identity.adapted_from:
        return identity.model_id
    moved = f"{identity.model_id}, moved from {identity.adapted_from[0]}"
    if len(identity.adapted_from) > 1:
        moved += f" ({len(identity.adapted_from)} times)"
    return f"{moved}: enrolling again is surer" if advice else moved


def _consent(consent: Consent) -> str:
    standing = consent.standing(datetime.now(UTC)).replace("_", " ")
    return standing if consent.ended_at is None else f"{standing}, {consent.ended_at:%Y-%m-%d}"


def identity_details(identity: Identity) -> Table:
    """One person and the consent."""
    table = Table(show_header=False)
    table.add_column()
    table.add_column(overflow="fold")
    consent, origin = identity.consent, identity.origin
    for label, value in (
        ("name", identity.name),
        ("id", identity.id),
        ("enrolled", f"{identity.created_at:%Y-%m-%d %H:%M:%S %Z}"),
        ("by", "not recorded" if origin is None else f"{origin.by} ({origin.way})"),
        ("supervised", "yes" if origin is not None and origin.supervised else "no"),
        ("in the place of", identity.replaces or "nobody"),
        ("model", _model(identity, advice=True)),
        ("pictures", str(identity.face_count)),
        ("speech", f"{identity.speech_s:.1f} s"),
        ("added to", f"{identity.widened} times" if identity.widened else "never"),
        ("consent of", consent.subject),
        ("given", f"{consent.given_at:%Y-%m-%d %H:%M:%S %Z}"),
        ("is", _consent(consent)),
        ("for", consent.purpose),
        ("text", consent.text),
    ):
        table.add_row(label, cell(value, lines=True))
    return table


def past_calls_table(calls: Sequence[PastCall]) -> Table:
    """Calls that one person had."""
    table = Table()
    for heading in ("began", "ended", "for", "verdict", "because", "of media", "session"):
        table.add_column(heading, overflow="fold")
    for call in calls:
        table.add_row(
            call.started_at[:16].replace("T", " "),
            "no end on record"
            if call.ended_at is None
            else f"{call.ended_at[11:16]}, {call.end_reason}",
            call.mode or "",
            call.verdict or "",
            ", ".join(call.because),
            "" if call.seconds is None else f"{call.seconds} s",
            cell(call.session or ""),
        )
    return table


def findings_table(findings: Sequence[Finding]) -> Table:
    """What the doctor found."""
    table = Table()
    for heading in ("", "check", "finding"):
        table.add_column(heading, overflow="fold")
    for finding in findings:
        mark = "[green]ok[/]" if finding.ok else "[bold red]wrong[/]"
        table.add_row(mark, finding.check, cell(finding.message, lines=True))
    return table
