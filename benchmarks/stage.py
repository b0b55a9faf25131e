"""Films in place of camera and microphone, for browsers whose devices cannot play files.

A page that plays films never asks for the camera, so that the browser hides its addresses, as it
does by default. Films come from the page's own origin.
"""

from __future__ import annotations

# WebAudio would do, but Firefox's stands still on a machine without a sound card.
STAGE = """
(() => {
  window.peers = [];
  window.offers = [];
  const Peer = RTCPeerConnection;
  window.RTCPeerConnection = class extends Peer {
    constructor(...all) { super(...all); window.peers.push(this); }
    async setRemoteDescription(answer) {
      window.offers.push(this.localDescription.sdp);
      await super.setRemoteDescription(answer);
    }
  };
  window.stage = {
    async play(address) {
      const video = document.createElement("video");
      Object.assign(video, { src: address, loop: true, volume: 0.99, width: 160 });
      document.body.append(video);
      await video.play();
      const stream = (video.captureStream ?? video.mozCaptureStream).call(video);
      while (stream.getTracks().length < 2) await new Promise((next) => setTimeout(next, 50));
      return stream;
    },
    async sit(address) {
      const stream = await this.play(address);
      navigator.mediaDevices.getUserMedia = async () =>
        new MediaStream(stream.getTracks().map((track) => track.clone()));
    },
    async swap(address) {
      const stream = await this.play(address);
      for (const sender of window.peers.at(-1).getSenders()) {
        const kind = sender.track?.kind;
        if (kind) await sender.replaceTrack(stream.getTracks().find((t) => t.kind === kind));
      }
    },
  };
})()
"""
"""`stage.sit(film)` is for the next calls, `stage.swap(film)` for the running one; `peers` and
`offers` are those of the page."""

SEVERAL_FILMS = """async ([server, identity, films, until_s]) => {
  const pc = new RTCPeerConnection();
  for (const film of films) {
    const stream = await stage.play(film);
    for (const track of stream.getTracks()) pc.addTransceiver(track, { direction: "sendonly" });
  }
  const gathered = new Promise((resolve) => {
    pc.addEventListener("icecandidate", ({ candidate }) => candidate?.candidate || resolve());
  });
  await pc.setLocalDescription();
  await gathered;
  const sdp = pc.localDescription.sdp;
  const socket = new WebSocket(`${server.replace("http", "ws")}/api/v1/call`);
  await new Promise((resolve) => { socket.onopen = resolve; });
  socket.send(JSON.stringify({ type: "start", mode: "verify", identity, sdp }));
  const told = [];
  await new Promise((resolve) => {
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      told.push(message);
      if (message.type === "answer") pc.setRemoteDescription({ type: "answer", sdp: message.sdp });
      if (message.type === "error" || message.end_s > until_s) resolve();
    };
  });
  socket.close();
  pc.close();
  return { sdp, told };
}"""
"""Call with the tracks of several films at once; gives the offer and all that the server told."""
