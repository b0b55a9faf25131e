"""Messages to a real HTTP receiver that fails in every way."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stream_verifier.client.backoff import Backoff
from stream_verifier.errors import SettingsError
from stream_verifier.events.hub import Hub
from stream_verifier.hosting.server import running_server
from stream_verifier.settings import Settings, load_settings
from stream_verifier.webhooks import verify_signature
from stream_verifier.webhooks.delivery import Delivery, Message, Outcome
from stream_verifier.webhooks.service import Posting, webhooks
from tests.support.calls import CONSENT, DemoCalls, follow, make_settings
from tests.support.certificates import self_signed
from tests.support.feed_media import Call, changed, ended, score
from tests.support.hosts import hosted
from tests.support.streams import serving

SECRET = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
SOON = Backoff(first_s=0.001, longest_s=0.001)
Answer = Callable[[dict[str, Any], int], Response]


def ok(message: dict[str, Any], attempt: int) -> Response:
    return Response(status_code=204)


class Receiver:
    """Checks every message, answers as told, and remembers what it took."""

    def __init__(self, answer: Answer = ok) -> None:
        self.answer = answer
        self.taken: list[dict[str, Any]] = []
        self.tried: list[str] = []
        self.changed = asyncio.Event()

    async def handle(self, request: Request) -> Response:
        body = await request.body()
        message_id = verify_signature(SECRET, request.headers, body)
        self.tried.append(message_id)
        message = json.loads(body)
        response = self.answer(message, self.tried.count(message_id))
        if response.status_code < 300:
            self.taken.append(message)
        self.changed.set()
        return response

    async def until(self, done: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not done():
                self.changed.clear()
                await self.changed.wait()

    def seqs(self, session: str) -> list[int]:
        events = [message["event"] for message in self.taken if "event" in message]
        return [event["seq"] for event in events if event["session"] == session]


@contextlib.asynccontextmanager
async def delivering(
    receiver: Receiver, hub: Hub, folder: Path, **changes: Any
) -> AsyncIterator[Posting]:
    app = Starlette(routes=[Route("/hook", receiver.handle, methods=["POST"])])
    async with hosted(app) as address:
        settings = settings_for(folder, f"{address}/hook", **changes)
        posting = Posting()
        async with webhooks(settings, hub, posting=posting, backoff=SOON, last_words_s=5):
            yield posting
            await hub.close()


def settings_for(folder: Path, url: str, **changes: Any) -> Settings:
    return load_settings(
        **{"data_dir": folder, "webhook_url": url, "webhook_secret": SECRET, **changes}
    )


async def test_lasting_events_arrive_signed_and_in_order(tmp_path: Path) -> None:
    receiver, hub = Receiver(), Hub()
    async with delivering(receiver, hub, tmp_path):
        for session in ("s1", "s2", "s3"):
            Call(hub, session).say(score(), changed(), score(), ended())
    for session in ("s1", "s2", "s3"):
        assert receiver.seqs(session) == [1, 3, 5]
    assert len(set(receiver.tried)) == len(receiver.tried) == 9


async def test_chosen_types_alone_are_sent(tmp_path: Path) -> None:
    receiver, hub = Receiver(), Hub()
    async with delivering(receiver, hub, tmp_path, webhook_types=("score",)):
        Call(hub, "s1").say(score(), changed())
    assert [message["event"]["type"] for message in receiver.taken] == ["score"]


async def test_a_failing_receiver_gets_each_message_again_under_the_same_id(
    tmp_path: Path,
) -> None:
    def flaky(message: dict[str, Any], attempt: int) -> Response:
        if attempt > 3:
            return Response()
        if attempt == 3:
            return Response(status_code=302, headers={"location": "/elsewhere"})
        return Response(status_code=500 if attempt == 1 else 404)

    receiver, hub = Receiver(flaky), Hub()
    async with delivering(receiver, hub, tmp_path):
        Call(hub, "s1").say(changed(), ended())
        await receiver.until(lambda: len(receiver.taken) == 3)
    assert receiver.seqs("s1") == [1, 2, 3]
    assert receiver.tried == [f"msg_{hub.epoch}_{cursor}" for cursor in (1, 2, 3) for _ in "1234"]


async def test_what_is_given_up_is_told_before_the_next_event(tmp_path: Path) -> None:
    def refuse_one(message: dict[str, Any], attempt: int) -> Response:
        return Response(status_code=500 if message.get("cursor") == 2 else 200)

    receiver, hub = Receiver(refuse_one), Hub()
    async with delivering(receiver, hub, tmp_path) as posting:
        Call(hub, "s1").say(changed(), ended())
        await receiver.until(lambda: len(receiver.tried) == 5)
        assert posting.retrying == 1
        await receiver.until(lambda: len(receiver.taken) == 3)
    assert (posting.delivered, posting.lost, posting.retrying) == (2, 1, 0)
    assert not posting.stopped
    assert receiver.taken[1] == {"type": "lost", "events": 1}
    assert receiver.seqs("s1") == [1, 3]
    assert receiver.tried.count(f"msg_{hub.epoch}_2") == 10


async def test_a_slow_receiver_loses_scores_first_and_is_told(tmp_path: Path) -> None:
    receiver, hub = Receiver(), Hub(queue_events=4)
    types = ("score", "state_changed", "session_started")
    async with delivering(receiver, hub, tmp_path, webhook_types=types):
        call = Call(hub, "s1")
        call.say(*[score()] * 5, changed(), changed())
    assert {"type": "dropped", "scores": 4} in receiver.taken
    assert receiver.seqs("s1") == [1, 6, 7, 8]


async def test_a_queue_full_of_state_changes_is_fetched_from_the_history(tmp_path: Path) -> None:
    receiver, hub = Receiver(), Hub(queue_events=2)
    async with delivering(receiver, hub, tmp_path):
        Call(hub, "s1").say(*[changed()] * 30)
        await receiver.until(lambda: len(receiver.taken) == 31)
    assert receiver.seqs("s1") == list(range(1, 32))


async def test_gone_stops_for_good(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    receiver, hub = Receiver(lambda *_: Response(status_code=410)), Hub()
    async with delivering(receiver, hub, tmp_path) as posting:
        call = Call(hub, "s1")
        await receiver.until(lambda: len(receiver.tried) == 1)
        while hub.subscribers:  # noqa: ASYNC110
            await asyncio.sleep(0)
        call.say(changed())
    assert len(receiver.tried) == 1
    assert posting.stopped
    assert "410 Gone" in caplog.text


async def test_a_receiver_that_is_away_holds_up_neither_server_nor_end(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    hub = Hub()
    settings = settings_for(tmp_path, "http://127.0.0.1:9/hook")
    slow = Backoff(first_s=60, longest_s=60)
    async with webhooks(settings, hub, backoff=slow, last_words_s=0.01):
        Call(hub, "s1").say(ended())
        while "attempt 1 of 10: ConnectError" not in caplog.text:  # noqa: ASYNC110
            await asyncio.sleep(0)
        await hub.close()
    assert "too slow for the last events" in caplog.text
    assert SECRET not in caplog.text
    assert not re.search(r"\bada\b", caplog.text)


async def test_an_overloaded_receiver_is_given_the_time_it_asks_for(tmp_path: Path) -> None:
    from stream_verifier.webhooks import delivery

    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    def later(message: dict[str, Any], attempt: int) -> Response:
        asked = {1: "7", 2: "soon", 3: "99999", 4: "9" * 5000}.get(attempt)
        return Response(status_code=503, headers={"retry-after": asked}) if asked else Response()

    receiver = Receiver(later)
    app = Starlette(routes=[Route("/hook", receiver.handle, methods=["POST"])])
    async with hosted(app) as address, delivery.httpx.AsyncClient() as client:  # type: ignore[attr-defined]
        sender = delivery.Delivery(
            client=client,
            url=f"{address}/hook",
            key=b"01234567890123456789012345678901",
            attempts=5,
            backoff=SOON,
            sleep=sleep,
        )
        outcome = await sender.deliver(delivery.Message("msg_1", "{}"))
    assert outcome is delivery.Outcome.TAKEN
    assert [round(seconds) for seconds in waited] == [7, 0, 300, 300]


async def test_an_answer_that_nobody_expected_is_one_attempt_and_not_the_last_of_all(
    caplog: pytest.LogCaptureFixture,
) -> None:
    from stream_verifier.webhooks import delivery

    answers: list[Any] = [RuntimeError("odd"), httpx.Response(204)]

    def answer(request: httpx.Request) -> httpx.Response:
        first = answers.pop(0)
        if isinstance(first, Exception):
            raise first
        return first  # type: ignore[no-any-return]

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        sender = delivery.Delivery(
            client=client, url="http://localhost/", key=bytes(32), attempts=2, backoff=SOON
        )
        outcome = await sender.deliver(delivery.Message("msg_1", "{}"))
    assert outcome is delivery.Outcome.TAKEN
    assert "nobody expected" in caplog.text


async def test_a_receivers_certificate_that_does_not_hold_is_named_and_no_address(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    from stream_verifier.webhooks import delivery

    for name, content in zip(("cert", "key"), self_signed("x", "127.0.0.1"), strict=True):
        (tmp_path / name).write_bytes(content)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "cert", tmp_path / "key")
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    async with server, httpx.AsyncClient() as client:
        url = f"https://127.0.0.1:{port}/secret"
        sender = delivery.Delivery(client=client, url=url, key=bytes(32), attempts=1, backoff=SOON)
        assert await sender.deliver(delivery.Message("msg_1", "{}")) is delivery.Outcome.GIVEN_UP
    assert "ConnectError (self-signed certificate)" in caplog.text
    assert "secret" not in caplog.text


async def test_without_an_address_nothing_is_followed(tmp_path: Path) -> None:
    hub = Hub()
    async with webhooks(load_settings(data_dir=tmp_path), hub):
        assert hub.subscribers == 0


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"webhook_url": "http://hooks.example/x"}, "https"),
        ({"webhook_url": "ftp://127.0.0.1/x"}, "https://host"),
        ({"webhook_url": "https://"}, "https://host"),
        ({"webhook_url": "https://host:99999/"}, "webhook|ort"),
        ({"webhook_url": "https://me:pass@host/"}, "password"),
        ({"webhook_secret": None}, "webhook_secret"),
        ({"webhook_secret": "too-short"}, "openssl rand"),
        ({"webhook_types": ("scores",)}, "session_ended"),
    ],
)
def test_settings_that_cannot_work_are_refused(
    changes: dict[str, Any], says: str, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match=says) as refused:
        settings_for(tmp_path, **{"url": "https://hooks.example/x", **changes})
    assert "too-short" not in str(refused.value)


def test_https_and_loopback_will_do(tmp_path: Path) -> None:
    for url in ("https://hooks.example/x", "http://localhost:9/x", "http://[::1]:9"):
        assert settings_for(tmp_path, url).webhook_url == url


async def test_a_call_of_the_whole_server_reaches_the_receiver_to_its_last_event(
    demo_calls: DemoCalls, tmp_path: Path
) -> None:
    receiver = Receiver()
    app = Starlette(routes=[Route("/hook", receiver.handle, methods=["POST"])])
    async with hosted(app) as address:
        settings = make_settings(tmp_path, webhook_url=f"{address}/hook", webhook_secret=SECRET)
        async with running_server(settings) as server:
            events = await follow(
                server,
                demo_calls.get("grace", "grace"),
                until=lambda event: event["type"] == "media_started",
                mode="enrol",
                identity="grace",
                consent=CONSENT,
            )
    for event in events:
        del event["untold"]  # How many scores the caller was not told; others are told all.
    lasting = [event for event in events if event["type"] != "enrolment_progress"]
    assert [message["event"] for message in receiver.taken] == lasting
    assert lasting[-1]["type"] == "session_ended"


async def test_a_receiver_that_never_comes_to_an_end_holds_nothing_up_for_ever() -> None:
    asked = 0

    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        while not writer.is_closing():
            writer.write(b"HTTP/1.1 102 Processing\r\n\r\n")
            await writer.drain()
            await asyncio.sleep(0.01)

    async with (
        serving(drip) as port,
        asyncio.timeout(30),
        httpx.AsyncClient(timeout=10) as client,
    ):
        delivery = Delivery(
            client=client,
            url=f"http://127.0.0.1:{port}/hook",
            key=bytes(32),
            attempts=2,
            backoff=SOON,
            within_s=0.2,
        )
        assert await delivery.deliver(Message("msg_1", "{}")) is Outcome.GIVEN_UP
    assert asked == 2
