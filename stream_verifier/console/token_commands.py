"""The commands that make keys and tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from stream_verifier.access.scopes import Scope
from stream_verifier.console.operator import operator_as_actor, with_store

if TYPE_CHECKING:
    from stream_verifier.identities.sqlite import SqliteIdentityStore
    from stream_verifier.settings import Settings


def key() -> None:
    """Make a key, for STREAM_VERIFIER_TOKEN_KEY or STREAM_VERIFIER_KEY; one for each."""
    from stream_verifier.identities.keys import new_key

    print(new_key())


def token(
    scope: Annotated[list[Scope], typer.Option(help="What it allows; repeatable.")],
    identity: Annotated[str | None, typer.Option(help="Bind it to this enrolled name.")] = None,
    session: Annotated[str | None, typer.Option(help="Bind it to this session.")] = None,
    operating_point: Annotated[
        str | None, typer.Option(help="One that its calls may choose, however weak.")
    ] = None,
    ttl: Annotated[float, typer.Option(help="Seconds until it expires, a day at most.")] = 900.0,
) -> None:
    """Sign a token with STREAM_VERIFIER_TOKEN_KEY and print it, and nothing else.

    Where the identity store is, its audit trail tells of the token.
    """
    from stream_verifier.access.actor import token_issued
    from stream_verifier.access.tokens import Tokens
    from stream_verifier.errors import NoTokenKeyError
    from stream_verifier.identities.keys import parse_key
    from stream_verifier.settings import load_settings

    settings = load_settings()
    secret = settings.token_key
    if secret is None:
        raise NoTokenKeyError(
            "STREAM_VERIFIER_TOKEN_KEY is not set: give this command the server's key. "
            "Make one with  stream-verifier key."
        )
    tokens = Tokens(parse_key(secret.get_secret_value(), what="token key"))
    signed = tokens.issue(
        scope, identity=identity, session=session, operating_point=operating_point, ttl_s=ttl
    )
    if _has_store(settings):
        deed = token_issued(tokens.read(signed), operator_as_actor())

        async def tell(store: SqliteIdentityStore) -> None:
            await store.audit.append(deed)

        with_store(settings, tell)
    print(signed)


def _has_store(settings: Settings) -> bool:
    """Whether this machine has a store: a back end that only has the key to tokens makes none."""
    return settings.database_url is not None or (settings.data_dir / "identities.db").exists()
