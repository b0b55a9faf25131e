from __future__ import annotations

import pytest

from stream_verifier.client.token_source import Token, ask


async def fetched() -> str:
    return "t\n"


async def signed_out() -> None:
    return None


@pytest.mark.parametrize("token", ["t", "t\n", lambda: " t", fetched])
async def test_a_token_is_given_or_got_without_the_lines_end_behind_it(token: Token) -> None:
    assert await ask(token) == "t"


@pytest.mark.parametrize("token", [None, lambda: None, signed_out])
async def test_there_may_be_none(token: Token | None) -> None:
    assert await ask(token) is None
