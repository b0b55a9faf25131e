"""What comes in records of DTLS once a call is connected."""

from __future__ import annotations

import contextlib
import re
from typing import Any

import pytest
from aiortc import RTCPeerConnection
from aiortc.rtcdtlstransport import generate_certificate
from cryptography.hazmat.primitives.asymmetric import rsa
from OpenSSL import SSL

from stream_verifier.media.webrtc import aiortc_patches
from stream_verifier.media.webrtc.aiortc_patches import handshake
from stream_verifier.media.webrtc.aiortc_patches.worth import read_records
from tests.media.webrtc.test_arrivals import connected, goes_on, refused, sender_of, until
from tests.support.media import Call, StartCall


def receiver_of(call: Call) -> Any:
    assert call.peer._pc is not None
    return aiortc_patches.transports(call.peer._pc)[0]


def sealed(transport: Any, data: bytes) -> bytes:
    transport._ssl.send(data)
    record: bytes = transport._ssl.bio_read(1500)
    return record


async def test_application_data_waits_in_nobodys_memory(start_call: StartCall) -> None:
    """Of thirty records in a datagram one was read, and the others lay in OpenSSL for ever."""
    call = start_call(loop=True)
    await connected(call)
    sender, receiver = sender_of(call), receiver_of(call)
    for _ in range(20):
        await sender.transport._send(b"".join(sealed(sender, b"x") for _ in range(30)))
    assert await goes_on(call)
    with pytest.raises(SSL.WantReadError):
        receiver._ssl.recv(1500)
    assert refused(call) == {}


async def test_a_goodbye_behind_application_data_ends_the_call(start_call: StartCall) -> None:
    call = start_call(loop=True)
    await connected(call)
    sender: Any = sender_of(call)
    data = sealed(sender, b"x")
    sender._ssl.shutdown()
    await sender.transport._send(data + sender._ssl.bio_read(1500))
    await until(call.peer.closed.is_set)


async def test_no_second_handshake_is_answered(start_call: StartCall) -> None:
    """Each would cost the server a signature and an agreement on keys."""
    call = start_call(loop=True)
    await connected(call)
    sender, receiver = sender_of(call), receiver_of(call)
    asks: Any = sender
    asks._ssl.renegotiate()
    with contextlib.suppress(SSL.WantReadError):
        asks._ssl.do_handshake()
    await asks._write_ssl()
    assert await goes_on(call)
    assert receiver._ssl.total_renegotiations() == 0


def show_rsa_certificate(transport: Any) -> None:
    """Have it be known by a certificate of RSA, with whatever ciphers OpenSSL has for that."""
    key: Any = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    certificate = getattr(transport, handshake._CERTIFICATE)
    certificate._cert = generate_certificate(key)
    certificate._key = key
    make = certificate._create_ssl_context

    def made(*args: Any, **more: Any) -> SSL.Context:
        context: SSL.Context = make(*args, **more)
        context.set_cipher_list(b"ECDHE-RSA-AES128-GCM-SHA256")
        return context

    certificate._create_ssl_context = made


async def test_a_caller_with_an_rsa_certificate_is_heard(
    start_call: StartCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GStreamer has one, and is the server of DTLS as its offer leaves the choice to us."""
    call = start_call(loop=True)
    make = RTCPeerConnection.createOffer

    async def offered(pc: RTCPeerConnection, *args: Any) -> Any:
        for transport in aiortc_patches.transports(pc):
            show_rsa_certificate(transport)
        return await make(pc, *args)

    monkeypatch.setattr(RTCPeerConnection, "createOffer", offered)
    await connected(call)
    assert await goes_on(call)


async def test_a_handshake_that_fails_is_told_from_packets_that_never_came(
    start_call: StartCall,
) -> None:
    call = start_call()
    offer = await call.publisher.offer()
    own = re.compile(r"(a=fingerprint:\S+) (..)")
    await call.publisher.accept(await call.peer.answer(own.sub(r"\1 00", offer)))
    await until(call.peer.closed.is_set)
    failure = call.peer.stats.failure
    assert failure is not None
    assert (failure.code, "handshake failed" in str(failure)) == ("no_connection", True)


def record(kind: int, content: bytes) -> bytes:
    return bytes([kind, 0xFE, 0xFD]) + bytes(8) + len(content).to_bytes(2, "big") + content


def test_alerts_and_handshakes_are_read_and_nothing_else() -> None:
    alert, handshake, data = record(21, b"\1\0"), record(22, bytes(40)), record(23, b"x" * 99)
    assert read_records(data + alert + data + handshake) == alert + handshake
    assert read_records(data * 10) == b""


@pytest.mark.parametrize(
    "data", [record(22, b"") * 9, record(21, b"ab")[:-1], b"\x15\xfe", b"\x2f" + bytes(40)]
)
def test_records_without_end_or_cut_short_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="breaks off|too many"):
        read_records(data)
