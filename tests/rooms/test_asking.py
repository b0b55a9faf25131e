"""Who a publisher is, asked over HTTP."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable

import httpx
import pytest

from stream_verifier.errors import MappingError
from stream_verifier.rooms import asking
from stream_verifier.rooms.asking import Backend, ByBackend
from stream_verifier.rooms.host import Publisher
from stream_verifier.webhooks.signature import read_secret, verify_signature

SECRET = "whsec_" + "A" * 32
ADA = Publisher(feed="5", display="Ada L.")
Answer = Callable[[httpx.Request], httpx.Response]


def rule(answer: Answer, waits: list[float] | None = None) -> ByBackend:
    async def sleep(seconds: float) -> None:
        if waits is not None:
            waits.append(seconds)

    backend = Backend(
        "https://bank.example/who",
        read_secret(SECRET),
        transport=httpx.MockTransport(answer),
        sleep=sleep,
    )
    return ByBackend(backend, host="janus", attachment="a1", room="1234")


async def test_the_question_is_signed_and_the_answer_is_a_name() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"identity": " ada ", "more": 1})

    assert await rule(answer).who(ADA) == "ada"
    (request,) = asked
    assert (request.method, str(request.url)) == ("POST", "https://bank.example/who")
    verify_signature(SECRET, request.headers, request.content)
    assert json.loads(request.content) == {
        "host": "janus",
        "attachment": "a1",
        "room": "1234",
        "feed": "5",
        "display": "Ada L.",
    }


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(204),
        httpx.Response(404, text="no"),
        httpx.Response(200, json={"identity": None}),
    ],
)
async def test_nobody(response: httpx.Response) -> None:
    assert await rule(lambda _: response).who(ADA) is None


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(500),
        httpx.Response(401),
        httpx.Response(302, headers={"location": "http://169.254.169.254/"}),
        httpx.Response(200, text="no json"),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={}),
        httpx.Response(200, json={"identity": 5}),
        httpx.Response(200, json={"identity": "../ada"}),
        httpx.Response(200, text="[" * 4000),
        httpx.Response(200, content=b'{"identity": "' + b"a" * 5000 + b'"}'),
    ],
)
async def test_no_answer_is_had_and_it_is_tried_again(
    response: httpx.Response, caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[str] = []
    waits: list[float] = []

    def answer(request: httpx.Request) -> httpx.Response:
        calls.append(str(request.url))
        return httpx.Response(
            response.status_code, headers=response.headers, content=response.content
        )

    with caplog.at_level(logging.DEBUG), pytest.raises(MappingError, match="does not answer"):
        await rule(answer, waits).who(ADA)
    assert calls == ["https://bank.example/who"] * 4
    assert waits == sorted(waits)
    assert len(waits) == 3
    assert "Ada" not in caplog.text


async def test_it_gets_through_in_the_end() -> None:
    answers = iter([httpx.Response(503), httpx.Response(200, json={"identity": "ada"})])
    assert await rule(lambda _: next(answers)).who(ADA) == "ada"


async def test_a_back_end_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "_WITHIN_S", 0.05)

    class Hangs(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await asyncio.sleep(60)
            raise AssertionError

    async def sleep(seconds: float) -> None:
        """At once."""

    backend = Backend("https://bank.example/who", b"x" * 24, transport=Hangs(), sleep=sleep)
    with pytest.raises(MappingError):
        await ByBackend(backend, host="janus", attachment="a1", room="1").who(ADA)
    await backend.close()
