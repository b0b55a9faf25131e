"""The commands for consents, and for what goes when their time is over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from stream_verifier.console.operator import (
    WAY,
    ask,
    operator,
    operator_as_actor,
    with_kept_store,
    with_store,
)
from stream_verifier.console.plain import PlainConsole, cell, literal, visible
from stream_verifier.errors import ConsentError
from stream_verifier.settings import Settings, load_settings

if TYPE_CHECKING:
    from stream_verifier.identities.consent import Consent
    from stream_verifier.identities.identity import Identity
    from stream_verifier.identities.retention import Round
    from stream_verifier.identities.sqlite import SqliteIdentityStore

app = typer.Typer(help="Show, renew and withdraw consents.", no_args_is_help=True)
_out = PlainConsole()

_WHY = {
    "consent_withdrawn": "the consent was withdrawn",
    "consent_expired": "the consent has expired",
    "unused": "it was not used for so long",
}

Name = Annotated[str, typer.Argument(help="Name enrolled under.")]
Days = Annotated[
    int | None, typer.Option(min=1, help="Days that it counts; the setting's at most.")
]


def consent_of(
    settings: Settings, *, subject: str, purpose: str, text: str, days: int | None
) -> Consent:
    """A consent that whoever sits at the terminal records now.

    Raises:
        ConsentError: a part of it is blank, or of bytes that are no UTF-8.
    """
    from stream_verifier.identities.consent import Consent
    from stream_verifier.identities.opening import longest_consent

    try:
        "".join((subject, purpose, text)).encode()
    except UnicodeEncodeError:  # of a script in Latin-1; nobody could be given it as JSON
        raise ConsentError(
            "The words of the consent are not in UTF-8: save them, or the script that names them, "
            "in that encoding."
        ) from None
    now = datetime.now(UTC)
    consent = Consent(
        subject=subject,
        given_at=now,
        purpose=purpose,
        text=text,
        expires_at=None if days is None else now + timedelta(days=days),
        recorded_by=operator(),
        way=WAY,
    )
    return consent.within(longest_consent(settings))


@app.command("show")
def show(name: Name) -> None:
    """Show what a person agreed to: the newest and some before it."""

    async def read(store: SqliteIdentityStore) -> Identity:
        return await store.get(name)

    identity = with_store(load_settings(), read)
    table = Table()
    for heading in ("version", "given", "until", "recorded by", "by way of", "purpose", "text"):
        table.add_column(heading, overflow="fold")
    for one in [identity.consent, *reversed(identity.earlier_consents)]:
        table.add_row(
            str(one.version),
            f"{one.given_at:%Y-%m-%d %H:%M}",
            _until(one),
            *(cell(text) for text in (one.recorded_by, one.way, one.purpose, one.text)),
        )
    _out.print(table)


@app.command("renew")
def renew(
    name: Name,
    text: Annotated[str, typer.Option(help="The text that the person agreed to.")],
    purpose: Annotated[
        str, typer.Option(help="What the reference may be used for.")
    ] = "verification in video calls",
    days: Days = None,
) -> None:
    """Record that a person agreed again; the reference stays."""
    settings = load_settings()
    consent = consent_of(settings, subject=name, purpose=purpose, text=text, days=days)

    async def run(store: SqliteIdentityStore) -> Identity:
        return await store.renew_consent(name, consent, actor=operator_as_actor())

    identity = with_store(settings, run)
    _out.print(
        f"Recorded version {identity.consent.version} of the consent of "
        f"[bold]{literal(identity.name)}[/]; it counts until {_until(identity.consent)}."
    )


@app.command("withdraw")
def withdraw(
    name: Name, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False
) -> None:
    """Take a person's consent back: calls end now, and the reference goes."""
    if not yes:
        ask(f"Withdraw the consent of {visible(name)}?")

    async def run(store: SqliteIdentityStore) -> Identity:
        return await store.withdraw_consent(name, actor=operator_as_actor())

    with_store(load_settings(), run)
    _out.print(
        cell(
            f"Withdrew the consent of {name}. A running server deletes the reference within two "
            "hours; at once does  stream-verifier identities delete."
        ),
        highlight=False,
        soft_wrap=True,
    )


def retention(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show it and change nothing.")] = False,
) -> None:
    """Delete references, kept events and audit entries whose time is over.

    A running server does so itself.
    """
    from stream_verifier.identities.opening import rules_of

    settings = load_settings()

    async def run(store: SqliteIdentityStore) -> Round:
        clock = store.retention(rules_of(settings))
        return await (clock.preview() if dry_run else clock.run())

    _print_round(with_kept_store(settings, run), would=dry_run)


def _print_round(found: Round, *, would: bool) -> None:
    if found.references:
        table = Table()
        for heading in (
            "name",
            "enrolled",
            "last used",
            "goes because" if would else "went because",
        ):
            table.add_column(heading, overflow="fold")
        for one in found.references:
            used = "never" if one.last_used is None else one.last_used.isoformat()
            enrolled = f"{one.identity.created_at:%Y-%m-%d}"
            table.add_row(cell(one.identity.name), enrolled, used, _WHY[one.why])
        _out.print(table)
    verb = "would go" if would else "went"
    _out.print(
        f"{len(found.references)} references and {found.entries.count} audit entries {verb}.",
        highlight=False,
    )
    if found.calls:
        _out.print(f"The kept events of {found.calls} calls {verb}.", highlight=False)
    if found.refused:
        _out.print(
            f"{found.refused} records are refused and stay: see  stream-verifier identities refused"
        )


def _until(consent: Consent) -> str:
    if consent.withdrawn_at is not None:
        return f"withdrawn {consent.withdrawn_at:%Y-%m-%d %H:%M}"
    return "it is withdrawn" if consent.expires_at is None else f"{consent.expires_at:%Y-%m-%d}"
