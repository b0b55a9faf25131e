/**
 * Publishes encoded frames by libdatachannel, set up as OBS does: H.264 and Opus, one bundle, no trickle.
 * Arguments: the endpoint's URL, a file of frames (tests/support/whip_libdatachannel.py), a token.
 */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";

const fromTools = createRequire(new URL("../../.cache/node/package.json", import.meta.url));
const rtc = fromTools("node-datachannel");

const STREAM = "stream";
const KINDS = {
  audio: { ssrc: 101, payloadType: 111, rateHz: 48_000, Section: rtc.Audio, mid: "0" },
  video: { ssrc: 102, payloadType: 102, rateHz: 90_000, Section: rtc.Video, mid: "1" },
};

function addTrack(connection, kind) {
  const { ssrc, payloadType, rateHz, Section, mid } = KINDS[kind];
  const section = new Section(mid, "SendOnly");
  if (kind === "audio") section.addOpusCodec(payloadType);
  else section.addH264Codec(payloadType, "profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1");
  section.addSSRC(ssrc, STREAM, STREAM, `${STREAM}-${kind}`);
  const track = connection.addTrack(section);
  const config = new rtc.RtpPacketizationConfig(ssrc, STREAM, payloadType, rateHz);
  const packetizer =
    kind === "audio" ? new rtc.RtpPacketizer(config) : new rtc.H264RtpPacketizer("StartSequence", config, 1200);
  packetizer.addToChain(new rtc.RtcpSrReporter(config));
  packetizer.addToChain(new rtc.RtcpNackResponder());
  track.setMediaHandler(packetizer);
  return { track, config };
}

async function until(true_) {
  for (let tries = 0; tries < 600 && !true_(); tries += 1) await sleep(50);
}

async function play(tracks, path) {
  const started = performance.now();
  for (const line of readFileSync(path, "utf8").trimEnd().split("\n")) {
    const { kind, time_s: timeS, data } = JSON.parse(line);
    const { track, config } = tracks[kind];
    const waitMs = started + 1000 * timeS - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    config.timestamp = Math.round(timeS * KINDS[kind].rateHz) % 2 ** 32;
    track.sendMessageBinary(Buffer.from(data, "base64"));
  }
}

const [url, path, token] = process.argv.slice(2);
const authorization = `Bearer ${token}`;
const connection = new rtc.PeerConnection("publisher", {
  iceServers: [],
  bindAddress: "127.0.0.1",
  disableAutoNegotiation: true,
});
const tracks = { audio: addTrack(connection, "audio"), video: addTrack(connection, "video") };
connection.setLocalDescription("offer");
await until(() => connection.gatheringState() === "complete");
const answer = await fetch(url, {
  method: "POST",
  headers: { "content-type": "application/sdp", authorization },
  body: connection.localDescription().sdp,
});
if (answer.status !== 201) throw new Error(await answer.text());
connection.setRemoteDescription(await answer.text(), "answer");
await until(() => tracks.audio.track.isOpen() && tracks.video.track.isOpen());
await play(tracks, path);
await fetch(new URL(answer.headers.get("location"), url), { method: "DELETE", headers: { authorization } });
connection.close();
rtc.cleanup();
