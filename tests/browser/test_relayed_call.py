"""A real Chromium that reaches the real server only through a real TURN server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.support.calls import make_settings
from tests.support.real_browser import Captures, RealServer
from tests.support.turn_server import SECRET, TurnServer, needs_turnserver, turn_server

pytestmark = [pytest.mark.browser, needs_turnserver]

CALL = """async (identity) => {
  const { iceServers } = await (await fetch("/api/v1/ice-servers")).json();
  const pc = new RTCPeerConnection({ iceServers, iceTransportPolicy: "relay" });
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
  for (const track of stream.getTracks()) pc.addTransceiver(track, { direction: "sendonly" });
  const gathered = new Promise((resolve) => {
    pc.addEventListener("icecandidate", ({ candidate }) => candidate ?? resolve());
  });
  await pc.setLocalDescription();
  await gathered;
  const socket = new WebSocket(`${location.origin.replace("http", "ws")}/api/v1/call`);
  await new Promise((resolve) => { socket.onopen = resolve; });
  const sdp = pc.localDescription.sdp;
  socket.send(JSON.stringify({ type: "start", mode: "verify", identity, sdp }));
  const last = await new Promise((resolve) => {
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      if (message.type === "answer") pc.setRemoteDescription({ type: "answer", sdp: message.sdp });
      if (message.type === "error" || message.state === "verified") resolve(message);
    };
  });
  const stats = new Map(await pc.getStats());
  const pair = [...stats.values()].find((s) => s.type === "candidate-pair" && s.nominated);
  const local = stats.get(pair?.localCandidateId)?.candidateType;
  socket.send(JSON.stringify({ type: "stop" }));
  return { last, local };
}"""


@pytest.fixture
def turn(tmp_path: Path) -> Iterator[TurnServer]:
    """coturn, running."""
    with turn_server(tmp_path) as turn:
        yield turn


@pytest.fixture
def server(turn: TurnServer, enrolled_dir: Path) -> Iterator[RealServer]:
    """The real server, with Grace enrolled, that knows of that TURN server."""
    settings = make_settings(enrolled_dir, turn_urls=(turn.url,), turn_secret=SECRET)
    with RealServer(settings) as server:
        yield server


def test_a_relayed_browser_is_verified(
    server: RealServer, launch: Callable[..., Browser], captures: Captures
) -> None:
    page = launch(captures.get("grace", "grace")).new_page()
    page.goto(server.address)
    told: dict[str, Any] = page.evaluate(CALL, "grace")
    assert told["last"]["type"] == "state_changed", told
    assert told["local"] == "relay"
    page.context.close()
    server.wait_until_idle()
