"""Enrolment from pictures and recordings over HTTP."""

from __future__ import annotations

import asyncio
import errno
import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from model.runtime.weights import Weights
from stream_verifier.access.scopes import Scope
from stream_verifier.calls import uploads
from stream_verifier.calls.uploads import Uploads
from stream_verifier.demo.people import DEMO_PEOPLE
from stream_verifier.errors import MediaError
from stream_verifier.identities.sqlite import SqliteIdentityStore
from stream_verifier.web.guard import MAX_UPLOAD_BYTES
from stream_verifier.web.state import state_of_app
from tests.support.calls import make_settings
from tests.support.given_files import picture_of, recording_of
from tests.support.rest_app import ADMIN, auth, client_of, make_app, stand_in
from tests.support.stores import CONSENT, bytes_below, made_reference, store_at

PATH = "/api/v1/identities/grace"
AGREED = {"subject": "Grace", "purpose": "calls", "text": "I agree to that."}
GRACE, EILEEN = DEMO_PEOPLE
UPLOADER = auth(Scope.UPLOAD, identity="grace")
REPLACER = auth(Scope.UPLOAD, Scope.REPLACE, identity="grace")
NAMED = "holiday-of-grace.jpg"
IN_USE = Weights.load().model_id


@pytest.fixture(scope="module")
def face() -> bytes:
    return picture_of(GRACE)


@pytest.fixture(scope="module")
def voice() -> bytes:
    return recording_of(GRACE)


@pytest.fixture
async def enrolling(tmp_path: Path) -> Any:
    """An application with a real store; and that store."""
    store: SqliteIdentityStore = store_at(tmp_path / "data" / "identities.db")
    app = make_app(tmp_path)
    stand_in(app, store=store, uploads=Uploads(store, make_settings(tmp_path), model_id=IN_USE))
    yield app, store
    await store.close()


async def post(
    app: Any, *files: tuple[str, bytes], headers: dict[str, str] = UPLOADER, query: str = "",
    data: dict[str, str] = AGREED,
) -> Any:  # fmt: skip
    parts = [(field, (NAMED, content, "application/octet-stream")) for field, content in files]
    async with client_of(app, timeout=300) as client:
        return await client.post(PATH + query, headers=headers, data=data, files=parts or None)


async def test_a_person_is_enrolled_from_a_picture_and_a_recording(
    enrolling: Any, face: bytes, voice: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, store = enrolling

    def on_disk(*_: object, **__: object) -> None:
        pytest.fail("a file of it was written")

    monkeypatch.setattr(tempfile.SpooledTemporaryFile, "rollover", on_disk)
    monkeypatch.setattr(tempfile, "NamedTemporaryFile", on_disk)
    # More than what is usually kept in memory.
    padded = face + os.urandom(2 << 20)
    answer = await post(app, ("face", padded), ("voice", voice))
    assert answer.status_code == 201, answer.text
    described = answer.json()
    assert (described["name"], described["faces"]) == ("grace", 1)
    assert described["speech_s"] >= 5
    assert (described["origin"]["way"], described["origin"]["supervised"]) == ("upload", False)
    assert (described["consent"]["way"], described["consent"]["version"]) == ("upload", 1)
    assert described["consent"]["expires_at"] is not None  # by the setting
    told = (await store.audit.page(limit=9))[-1].fields
    assert (told["kind"], told["actor"]["scope"]) == ("enrolled", "identity:upload")
    content = bytes_below(tmp_path)
    assert face[1000:1100] not in content
    assert voice[20_000:20_100] not in content
    assert NAMED.encode() not in content
    # The other one's picture with her voice: replaced on request alone, and told as no likeness.
    again = await post(app, ("face", face), ("voice", voice))
    assert (again.status_code, again.json()["code"]) == (409, "identity_exists")
    other = await post(
        app, ("face", picture_of(EILEEN)), ("voice", voice), headers=REPLACER, query="?replace=true"
    )
    assert other.status_code == 201, other.text
    assert other.json()["replaces"] == described["id"]
    assert other.json()["origin"]["replaced_similarity"] < 0


async def test_files_are_added_to_who_is_enrolled(
    enrolling: Any, face: bytes, voice: bytes
) -> None:
    app, store = enrolling
    nobody = await post(app, ("face", face), headers=REPLACER, query="?add=true")
    assert (nobody.status_code, nobody.json()["code"]) == (404, "unknown_identity")
    first = (await post(app, ("face", face), ("voice", voice))).json()
    same = await post(app, ("face", face), ("voice", voice), headers=REPLACER, query="?add=true")
    assert (same.status_code, same.json()["code"]) == (409, "already_added")
    files = ("face", face), ("face", face), ("voice", voice)
    more = await post(app, *files, headers=REPLACER, query="?add=true")
    assert more.status_code == 201, more.text
    wider = more.json()
    assert (wider["id"], wider["widened"], wider["faces"]) == (first["id"], 1, 3 * first["faces"])
    assert wider["speech_s"] == pytest.approx(2 * first["speech_s"], abs=0.2)
    assert (wider["consent"]["version"], wider["consent"]["way"]) == (2, "upload")
    other = await post(
        app, ("face", picture_of(EILEEN)), ("voice", voice), headers=REPLACER, query="?add=true"
    )
    assert (other.status_code, other.json()["code"]) == (422, "another_person")
    assert (await store.get("grace")).widened == 1
    both = await post(app, ("face", face), headers=REPLACER, query="?add=true&replace=true")
    assert (both.status_code, both.json()["code"]) == (400, "bad_message")


@pytest.mark.parametrize(
    ("files", "status", "code"),
    [
        ([("face", b"no picture"), ("voice", b"no sound")], 400, "bad_media"),
        ([("face", b"\xff\xd8\xff\xe0" + bytes(99)), ("voice", b"RIFF")], 400, "bad_media"),
        ([("voice", b"no face")], 422, "enrolment_incomplete"),
        ([("face", b"no voice")], 422, "enrolment_incomplete"),
        ([], 415, "unsupported_media_type"),
        ([("passport", b"?")], 400, "bad_message"),
        ([("face", b"x")] * 9, 400, "bad_message"),
    ],
)
async def test_what_cannot_be_enrolled_from_is_refused_in_words(
    enrolling: Any, files: list[tuple[str, bytes]], status: int, code: str
) -> None:
    app, store = enrolling
    answer = await post(app, *files)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert NAMED not in answer.text
    assert (await store.page()).enrolled == 0


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({}, "consent_missing"),
        ({**AGREED, "text": ""}, "consent_missing"),
        ({**AGREED, "text": " \n"}, "consent_missing"),
        ({**AGREED, "expires_at": "tomorrow"}, "enrolment_incomplete"),
        ({**AGREED, "subject": "x" * 201}, "enrolment_incomplete"),
    ],
)
async def test_nobody_is_enrolled_without_consent(
    enrolling: Any, face: bytes, voice: bytes, data: dict[str, str], code: str
) -> None:
    app, _ = enrolling
    answer = await post(app, ("face", face), ("voice", voice), data=data)
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert "tomorrow" not in answer.text


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ({}, ""),
        (auth(Scope.ENROL, identity="grace"), ""),
        (auth(Scope.UPLOAD, identity="ada"), ""),
        (UPLOADER, "?replace=true"),
        (UPLOADER, "?add=true"),
        (auth(Scope.REPLACE, identity="grace"), "?replace=true"),
    ],
)
async def test_nobody_else_enrols_so(enrolling: Any, headers: dict[str, str], query: str) -> None:
    """And of whom the token does not allow it, nothing is read."""
    app, _ = enrolling
    answer = await post(app, ("face", b"x" * (4 << 20)), headers=headers, query=query)
    assert answer.status_code in (401, 403)


async def test_a_body_has_a_size(enrolling: Any) -> None:
    app, _ = enrolling
    answer = await post(app, ("face", bytes(MAX_UPLOAD_BYTES)))
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_long")
    async with client_of(app) as client:
        elsewhere = await client.put(f"{PATH}/consent", headers=ADMIN, content=bytes(65 * 1024 + 1))
    assert elsewhere.status_code == 413


async def test_so_many_are_enrolled_at_once(
    enrolling: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, _ = enrolling
    go_on = asyncio.Event()

    async def slow(*_: object, **__: object) -> None:
        await go_on.wait()
        raise MediaError("That is none.")

    monkeypatch.setattr(Uploads, "enrol", slow)

    async def reading(headers: dict[str, str]) -> asyncio.Task[Any]:
        task = asyncio.create_task(post(app, ("face", b"x"), headers=headers))
        await asyncio.sleep(0.3)
        return task

    hers = await reading(UPLOADER)
    again = await reading(auth(Scope.UPLOAD, identity="grace"))  # leaves the other place to others
    assert ((await again).status_code, (await again).json()["code"]) == (503, "server_full")
    backend = await reading(auth(Scope.UPLOAD))
    refused = await post(app, ("face", b"x"), headers=ADMIN)
    assert (refused.status_code, refused.json()["code"]) == (503, "server_full")
    assert int(refused.headers["retry-after"]) > 0
    go_on.set()
    assert [answer.status_code for answer in await asyncio.gather(hers, backend)] == [400, 400]
    backends = [await reading(auth(Scope.UPLOAD)) for _ in range(uploads.MOST_AT_ONCE)]
    assert [answer.status_code for answer in await asyncio.gather(*backends)] == [400, 400]
    assert (await post(app, ("face", b"x"))).status_code == 400


async def test_a_decoder_that_breaks_breaks_no_server(
    enrolling: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, _ = enrolling
    for module in ("this", "stream_verifier.no_such_module"):
        monkeypatch.setattr(uploads, "_PROCESS", module)
        answer = await post(app, ("face", b"x"), ("voice", b"y"))
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_media")


async def test_a_machine_without_room_for_a_process_is_full(
    enrolling: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    app, _ = enrolling

    async def none(*_: object, **__: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(asyncio, "create_subprocess_exec", none)
    answer = await post(app, ("face", b"x"), ("voice", b"y"))
    assert (answer.status_code, answer.json()["code"]) == (503, "server_full")
    assert int(answer.headers["retry-after"]) > 0
    assert "Too many open files" in caplog.text


async def test_one_that_takes_for_ever_is_ended(
    enrolling: Any, face: bytes, voice: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, _ = enrolling
    monkeypatch.setattr(uploads, "WITHIN_S", 0.05)
    answer = await post(app, ("face", face), ("voice", voice))
    assert (answer.status_code, answer.json()["code"]) == (422, "enrolment_incomplete")
    assert "take too long" in answer.json()["detail"]


async def test_who_waits_while_the_server_stops_is_told_to_come_again(
    enrolling: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, _ = enrolling
    read = asyncio.Event()

    async def reading(*_: object) -> None:
        read.set()
        await asyncio.Event().wait()

    async def post_and_stop() -> Any:
        asked = asyncio.create_task(post(app, ("face", b"x"), ("voice", b"y")))
        await asyncio.wait_for(read.wait(), 30)
        state_of_app(app).uploads.stop()
        return await asked

    monkeypatch.setattr(Uploads, "_reference", reading)
    for answer in (await post_and_stop(), await post(app, ("face", b"x"), ("voice", b"y"))):
        assert (answer.status_code, answer.json()["code"]) == (503, "server_stopping")
        assert int(answer.headers["retry-after"]) > 0


async def test_what_is_being_stored_while_the_server_stops_is_stored(
    enrolling: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, store = enrolling

    async def made(*_: object) -> Any:
        return made_reference(1, model_id=IN_USE)

    async def slowly(*given: Any, **more: Any) -> Any:
        state_of_app(app).uploads.stop()
        await asyncio.sleep(0)
        return await stored(*given, **more)

    stored = store.add
    monkeypatch.setattr(Uploads, "_reference", made)
    monkeypatch.setattr(store, "add", slowly)
    answer = await post(app, ("face", b"x"), ("voice", b"y"))
    assert answer.status_code == 201
    assert (await store.get("grace")).name == "grace"


async def test_the_process_knows_no_secret(enrolling: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAM_VERIFIER_TOKEN_KEY", "a secret")
    assert not [name for name in uploads._bare_environment() if name.startswith("STREAM_VERIFIER")]


def test_the_process_has_matrices_on_one_thread_unless_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    assert uploads._bare_environment()["OPENBLAS_NUM_THREADS"] == "1"
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "2")
    assert uploads._bare_environment()["OPENBLAS_NUM_THREADS"] == "2"


@pytest.mark.parametrize("charset", ["undefined", "punycode", "idna", "utf-7"])
async def test_a_form_in_no_charset_that_there_is_is_refused(enrolling: Any, charset: str) -> None:
    app, _ = enrolling
    part = b'--b\r\nContent-Disposition: form-data; name="subject"\r\n\r\n\\..\r\n--b--\r\n'
    kind = {"content-type": f"multipart/form-data; boundary=b; charset={charset}"}
    async with client_of(app) as client:
        answer = await client.post(PATH, headers=UPLOADER | kind, content=part)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_message")
    assert "UTF-8" in answer.json()["detail"]


async def test_to_an_older_models_reference_nothing_is_added_and_no_file_read(
    enrolling: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, store = enrolling
    await store.add("grace", made_reference(1), CONSENT)
    monkeypatch.setattr(Uploads, "enrol", None)
    answer = await post(app, ("face", b"x"), headers=REPLACER, query="?add=true")
    assert (answer.status_code, answer.json()["code"]) == (409, "reference_of_another_model")
    assert "enrol again" in answer.json()["detail"]


async def test_nobody_asks_without_end_whether_it_is_that_person(
    enrolling: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, store = enrolling
    old = await store.add("grace", made_reference(1, IN_USE), CONSENT)
    asked = []

    async def another(self: Uploads, files: Any) -> Any:
        asked.append(files)
        return made_reference(6 + len(asked), IN_USE)

    monkeypatch.setattr(Uploads, "_reference", another)
    files = ("face", b"x"), ("voice", b"y")
    answers = [await post(app, *files, headers=REPLACER, query="?add=true") for _ in range(4)]
    assert [one.json()["code"] for one in answers] == ["another_person"] * 3 + ["identity_locked"]
    assert (answers[3].status_code, len(asked)) == (429, 3)
    told = [one.fields for one in await store.audit.about("grace", limit=9)]
    assert [one["outcome"] for one in told] == ["done"] + ["another_person"] * 3
    assert await store.get("grace") == old
    replaced = await post(app, *files, headers=REPLACER, query="?replace=true")
    assert replaced.status_code == 201  # where nothing is left to be asked again


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What references were asked for, which here are made of no media: all of one person."""
    asked: list[Any] = []

    async def reference(self: Uploads, files: Any) -> Any:
        asked.append(files)
        return replace(made_reference(1, IN_USE), speech_s=10.0 + len(asked))

    monkeypatch.setattr(Uploads, "_reference", reference)
    return asked


FILES = ("face", b"x"), ("voice", b"y")


def keyed(key: str, headers: dict[str, str] = REPLACER) -> dict[str, str]:
    return {**headers, "idempotency-key": key}


async def test_what_is_sent_again_is_added_once(enrolling: Any, made: list[Any]) -> None:
    app, store = enrolling
    await store.add("grace", made_reference(1, IN_USE), CONSENT)
    first, again = [
        await post(app, *FILES, headers=keyed('"one"'), query="?add=true") for _ in range(2)
    ]
    assert (first.status_code, first.json()["widened"]) == (201, 1)
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["content-type"] == first.headers["content-type"]
    assert ((await store.get("grace")).widened, len(made)) == (1, 1)
    anew = await post(app, *FILES, headers=keyed('"two"'), query="?add=true")
    assert anew.json()["widened"] == 2
    without = await post(app, *FILES, headers=REPLACER, query="?add=true")
    assert without.json()["widened"] == 3


async def test_who_was_enrolled_is_no_conflict_for_the_same_request_again(
    enrolling: Any, made: list[Any]
) -> None:
    app, _ = enrolling
    answers = [await post(app, *FILES, headers=keyed("9b2f")) for _ in range(2)]
    assert [one.status_code for one in answers] == [201, 201]
    assert answers[0].json()["id"] == answers[1].json()["id"]
    # The form is another one each time, of another boundary: what it says counts.
    assert len(made) == 1


@pytest.mark.parametrize(
    ("files", "data", "query"),
    [
        ((("face", b"z"), ("voice", b"y")), AGREED, "?add=true"),
        ((("face", b"y"), ("voice", b"x")), AGREED, "?add=true"),
        (FILES, {**AGREED, "text": "I agree to something else."}, "?add=true"),
        (FILES, AGREED, "?replace=true"),
    ],
)
async def test_another_request_under_the_same_key_is_refused(
    enrolling: Any, made: list[Any], files: Any, data: dict[str, str], query: str
) -> None:
    app, store = enrolling
    old = await store.add("grace", made_reference(1, IN_USE), CONSENT)
    await post(app, *FILES, headers=keyed('"one"'), query="?add=true")
    answer = await post(app, *files, headers=keyed('"one"'), data=data, query=query)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert "new one" in answer.json()["detail"]
    now = await store.get("grace")
    assert (now.id, now.widened) == (old.id, 1)


async def test_a_key_is_its_holders_own(enrolling: Any, made: list[Any]) -> None:
    app, store = enrolling
    await store.add("grace", made_reference(1, IN_USE), CONSENT)
    anybodys = auth(Scope.UPLOAD, Scope.REPLACE)
    for headers, widened in ((REPLACER, 1), (anybodys, 2), (REPLACER, 1), (anybodys, 2)):
        answer = await post(app, *FILES, headers=keyed('"one"', headers), query="?add=true")
        assert answer.json()["widened"] == widened
    renewed = auth(Scope.UPLOAD, Scope.REPLACE, identity="grace")
    answer = await post(app, *FILES, headers=keyed('"one"', renewed), query="?add=true")
    assert answer.json()["widened"] == 1
    # It opens nothing to whom the token does not let add.
    refused = await post(app, *FILES, headers=keyed('"one"', UPLOADER), query="?add=true")
    assert refused.status_code == 403


async def test_while_it_is_done_it_is_not_done_again(
    enrolling: Any, made: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    app, store = enrolling
    begun, go_on = asyncio.Event(), asyncio.Event()
    whole = Uploads._reference

    async def slow(self: Uploads, files: Any) -> Any:
        begun.set()
        await go_on.wait()
        return await whole(self, files)

    monkeypatch.setattr(Uploads, "_reference", slow)
    first = asyncio.create_task(post(app, *FILES, headers=keyed('"one"')))
    await begun.wait()
    refused = await post(app, *FILES, headers=keyed('"one"'))
    assert (refused.status_code, refused.json()["code"]) == (409, "request_under_way")
    assert int(refused.headers["retry-after"]) > 0
    go_on.set()
    assert (await first).status_code == 201
    assert (await post(app, *FILES, headers=keyed('"one"'))).content == (await first).content
    assert (await store.get("grace")).widened == 0


async def test_a_refusal_of_another_person_is_one_try_however_often_it_is_sent(
    enrolling: Any, made: list[Any]
) -> None:
    app, store = enrolling
    await store.add("grace", made_reference(6, IN_USE), CONSENT)
    answers = [await post(app, *FILES, headers=keyed('"one"'), query="?add=true") for _ in range(5)]
    assert {one.json()["code"] for one in answers} == {"another_person"}
    assert {one.headers["content-type"] for one in answers} == {"application/problem+json"}
    assert len(made) == 1


async def test_what_failed_may_be_sent_again_under_its_key(enrolling: Any, made: list[Any]) -> None:
    app, _ = enrolling
    half = await post(app, ("face", b"x"), headers=keyed('"one"'))
    assert half.json()["code"] == "enrolment_incomplete"
    assert (await post(app, *FILES, headers=keyed('"one"'))).status_code == 201


@pytest.mark.parametrize("key", ['"', '""', '"a', 'a"b', "a, b", "x" * 256, "ü", '"a"; p=1'])
async def test_what_is_no_key_is_refused(enrolling: Any, made: list[Any], key: str) -> None:
    app, _ = enrolling
    headers = [*UPLOADER.items(), ("idempotency-key", key.encode())]
    answer = await post(app, *FILES, headers=headers)  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_message")
    assert made == []


async def test_who_is_enrolled_meanwhile_stays(
    enrolling: Any, made: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    app, store = enrolling
    whole = Uploads._reference

    async def late(self: Uploads, files: Any) -> Any:
        await store.add("grace", made_reference(1), CONSENT)
        return await whole(self, files)

    monkeypatch.setattr(Uploads, "_reference", late)
    answer = await post(app, *FILES)
    assert (answer.status_code, answer.json()["code"]) == (409, "identity_exists")
