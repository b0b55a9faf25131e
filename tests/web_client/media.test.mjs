import assert from "node:assert/strict";
import { test } from "node:test";
import { openCamera } from "../../web_client/js/media.js";

const failing = (name, kinds = ["videoinput", "audioinput"]) => ({
  getUserMedia: async () => { throw Object.assign(new Error(name), { name }); },
  enumerateDevices: async () => kinds.map((kind) => ({ kind })),
});

globalThis.RTCPeerConnection = class {};

function withDevices(mediaDevices) {
  Object.defineProperty(globalThis, "navigator", { value: { mediaDevices }, configurable: true });
  return openCamera();
}

test("what was opened is handed on, and asked for small", async () => {
  let asked;
  const stream = {};
  const devices = { getUserMedia: async (wanted) => { asked = wanted; return stream; } };
  assert.equal(await withDevices(devices), stream);
  assert.deepEqual(asked.video.width, { ideal: 640 });
});

test("a browser without calls asks for no camera", async (t) => {
  const { RTCPeerConnection } = globalThis;
  t.after(() => Object.assign(globalThis, { RTCPeerConnection }));
  delete globalThis.RTCPeerConnection;
  const getUserMedia = t.mock.fn();
  await assert.rejects(withDevices({ getUserMedia }), { code: "no_webrtc", message: /cannot make video calls/ });
  assert.equal(getUserMedia.mock.callCount(), 0);
});

test("each failure has a code and says what to do", async () => {
  const cases = [
    [undefined, "insecure_page", /https/],
    [failing("NotAllowedError"), "camera_denied", /allow both/],
    [failing("SecurityError"), "camera_denied", /allow both/],
    [failing("NotReadableError"), "camera_busy", /Close other/],
    [failing("NotFoundError", ["audioinput"]), "camera_missing", /^No camera was found/],
    [failing("NotFoundError", ["videoinput"]), "microphone_missing", /^No microphone/],
    [failing("OverconstrainedError", []), "camera_missing", /Connect both/],
    [failing("Surprise"), "camera_failed", /\(Surprise\)/],
  ];
  for (const [devices, code, message] of cases) {
    await assert.rejects(withDevices(devices), { name: "MediaAccessError", code, message });
  }
});

test("devices that cannot be listed count as none", async () => {
  const devices = { ...failing("NotFoundError"), enumerateDevices: async () => { throw new Error("no"); } };
  await assert.rejects(withDevices(devices), { code: "camera_missing", message: /Connect both/ });
});
