from __future__ import annotations

from typing import Any

import httpx
import pytest

from stream_verifier.client import EnrolmentLostError, EnrolmentRefusedError, enrol_files
from stream_verifier.client.backoff import Backoff
from stream_verifier.errors import SettingsError

CONSENT = {"subject": "Ada", "purpose": "calls", "text": "I agree."}
DONE = {"id": "i", "name": "ada"}
AT_ONCE = Backoff(first_s=0.0, longest_s=0.0)


def problem(status: int, code: str, **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"code": code, "detail": "No."}, headers=headers)


class Server:
    """Answers with one thing after the other."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self._answers = list(answers)
        self.keys: list[str] = []
        self.bodies: list[bytes] = []
        self.urls: list[str] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.keys.append(request.headers["idempotency-key"])
        self.bodies.append(request.content)
        self.urls.append(str(request.url))
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


async def enrol(server: Server, **more: Any) -> Any:
    return await enrol_files(
        "https://verify.example/below/",
        "ada/../b",
        [("face", b"F"), ("voice", b"V")],
        token="t",
        consent=CONSENT,
        backoff=AT_ONCE,
        transport=httpx.MockTransport(server),
        **more,
    )


async def test_an_address_that_is_none_is_no_enrolment_that_was_lost() -> None:
    with pytest.raises(SettingsError, match="no server's address"):
        await enrol_files("verify.example", "ada", [], token="t", consent=CONSENT)


async def test_a_token_may_end_with_the_line_of_its_file() -> None:
    tokens: list[str] = []

    def note(request: httpx.Request) -> httpx.Response:
        tokens.append(request.headers["authorization"])
        return httpx.Response(201, json=DONE)

    transport, url = httpx.MockTransport(note), "https://verify.example"
    await enrol_files(url, "ada", [], token="t\n", consent=CONSENT, transport=transport)
    assert tokens == ["Bearer t"]


async def test_what_was_lost_on_the_way_is_sent_again_as_the_same_request() -> None:
    server = Server(
        httpx.ReadError("gone"),
        problem(503, "server_full", **{"retry-after": "0"}),
        problem(409, "request_under_way", **{"retry-after": "0"}),
        httpx.Response(502, text="<html>"),
        httpx.Response(429, text="<html>"),
        httpx.Response(201, json=DONE),
    )
    assert await enrol(server, adds=True, attempts=6) == DONE
    assert len(server.keys) == 6
    assert len({*server.keys}) == len({*server.bodies}) == 1
    assert server.keys[0].startswith('"')
    assert server.urls[0] == (
        "https://verify.example/below/api/v1/identities/ada%2F..%2Fb?replace=false&add=true"
    )
    assert b'name="face"; filename="face"' in server.bodies[0]
    assert b"I agree." in server.bodies[0]


async def test_each_request_has_a_key_of_its_own_or_the_one_that_was_given() -> None:
    server = Server(*(httpx.Response(201, json=DONE) for _ in range(3)))
    await enrol(server)
    await enrol(server)
    await enrol(server, key="row-7")
    assert len({*server.keys}) == 3
    assert server.keys[2] == '"row-7"'


async def test_what_the_server_refuses_is_not_sent_again() -> None:
    server = Server(problem(422, "another_person"))
    with pytest.raises(EnrolmentRefusedError, match=r"No\.") as refused:
        await enrol(server)
    assert refused.value.server_code == "another_person"


@pytest.mark.parametrize("status", [200, 301, 404, 413])
async def test_what_stands_in_between_is_heard_once_and_named(status: int) -> None:
    server = Server(httpx.Response(status, text="<html>"))
    with pytest.raises(EnrolmentRefusedError) as refused:
        await enrol(server)
    assert refused.value.server_code == ""
    assert f"https://verify.example/ answers with HTTP {status}, and not as" in str(refused.value)


async def test_who_hears_nothing_is_told_the_key_to_ask_again_with() -> None:
    server = Server(*(httpx.ConnectError("no") for _ in range(2)))
    with pytest.raises(EnrolmentLostError, match="ConnectError.*'row-7'"):
        await enrol(server, key="row-7", attempts=2)
    assert len(server.keys) == 2
