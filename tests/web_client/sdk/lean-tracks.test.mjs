import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { LeanTracks } from "../../../web_client/js/sdk/lean-tracks.js";

class FakeTrack extends EventTarget {
  enabled = true;
  readyState = "live";
  copies = [];

  constructor(kind, settings = {}) {
    super();
    this.kind = kind;
    this.settings = settings;
  }

  getSettings() {
    return this.settings;
  }

  clone() {
    this.copies.push(Object.assign(new FakeTrack(this.kind, this.settings), { enabled: this.enabled }));
    return this.copies.at(-1);
  }

  stop() {
    this.readyState = "ended";
  }
}

const streamOf = (...tracks) => ({ tracks, getTracks() { return this.tracks; } });

function following(source) {
  const lean = new LeanTracks();
  const told = [];
  for (const type of ["track_ended", "track_muted", "track_unmuted", "track_replaced"]) {
    lean.addEventListener(type, ({ detail }) => told.push([type, detail.kind]));
  }
  lean.attach(source);
  lean.follow();
  return { lean, told };
}

beforeEach(() => mock.timers.enable({ apis: ["setInterval"] }));
afterEach(() => mock.timers.reset());

test("copies are sent, so that muting the page's own does not blind the verifier", () => {
  const camera = new FakeTrack("video");
  camera.enabled = false;
  following(streamOf(camera));
  const [copy] = camera.copies;
  assert.equal(copy.enabled, true);
  assert.equal(camera.enabled, false, "the page's own is left as it is");
});

test("a track that the page puts in place of another is followed", () => {
  const [one, other] = [new FakeTrack("video"), new FakeTrack("video")];
  const source = streamOf(one);
  const { told } = following(source);
  source.tracks = [other];
  mock.timers.tick(500);
  assert.equal(one.copies[0].readyState, "ended");
  assert.equal(one.readyState, "live");
  assert.equal(other.copies.length, 1);
  assert.deepEqual(told, [["track_replaced", "video"]]);
});

test("a track that the page takes away has ended, and is told once", () => {
  const source = streamOf(new FakeTrack("audio"));
  const { told } = following(source);
  source.tracks = [];
  mock.timers.tick(2000);
  assert.deepEqual(told, [["track_ended", "audio"]]);
});

test("muting is told of what is held and of nothing else", () => {
  const [one, other] = [new FakeTrack("audio"), new FakeTrack("audio")];
  const source = streamOf(one);
  const { told } = following(source);
  one.copies[0].dispatchEvent(new Event("mute"));
  one.copies[0].dispatchEvent(new Event("unmute"));
  source.tracks = [other];
  mock.timers.tick(500);
  one.copies[0].dispatchEvent(new Event("mute"));
  assert.deepEqual(told, [["track_muted", "audio"], ["track_unmuted", "audio"], ["track_replaced", "audio"]]);
});

test("a track that is chosen goes before the source's as long as it lives", () => {
  const [own, chosen] = [new FakeTrack("video"), new FakeTrack("video")];
  const { lean } = following(streamOf(own));
  lean.replace(chosen);
  assert.equal(chosen.copies.length, 1);
  chosen.readyState = "ended";
  mock.timers.tick(500);
  assert.equal(own.copies.length, 2);
});

test("stopped it lets go of its copies and looks no more", () => {
  const camera = new FakeTrack("video");
  const { lean, told } = following(streamOf(camera));
  lean.stop();
  mock.timers.tick(5000);
  assert.deepEqual(camera.copies.map(({ readyState }) => readyState), ["ended"]);
  assert.equal(camera.readyState, "live");
  assert.deepEqual(told, []);
});
