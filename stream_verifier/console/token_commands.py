"""The commands that make keys and tokens."""

from __future__ import annotations

from typing import Annotated

import typer

from stream_verifier.access.scopes import Scope


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
    """Sign a token with STREAM_VERIFIER_TOKEN_KEY and print it, and nothing else."""
    from stream_verifier.access.tokens import Tokens
    from stream_verifier.errors import NoTokenKeyError
    from stream_verifier.identities.keys import parse_key
    from stream_verifier.settings import load_settings

    secret = load_settings().token_key
    if secret is None:
        raise NoTokenKeyError(
            "STREAM_VERIFIER_TOKEN_KEY is not set: give this command the server's key. "
            "Make one with  stream-verifier key."
        )
    tokens = Tokens(parse_key(secret.get_secret_value(), what="token key"))
    print(
        tokens.issue(
            scope, identity=identity, session=session, operating_point=operating_point, ttl_s=ttl
        )
    )
