/** Sound and notification when a call is rejected, for who wants them. */

import { byId } from "../dom.js";
import { Alarm, noticeOf } from "./alarm.js";

const KEY = "stream-verifier-alerts";
const TONES_HZ = [880, 660];
const TONE_S = 0.18;

export class Alerts {
  #sound = byId("alert-sound");
  #notice = byId("alert-notice");
  #context = /** @type {AudioContext | null} */ (null);
  #alarm = new Alarm();

  constructor() {
    const wanted = new Set((localStorage.getItem(KEY) ?? "").split(","));
    this.#sound.checked = wanted.has("sound");
    this.#notice.checked = wanted.has("notice") && globalThis.Notification?.permission === "granted";
    this.#sound.addEventListener("change", () => { this.#keep(); if (this.#sound.checked) this.#ring(); });
    this.#notice.addEventListener("change", () => this.#askForNotices());
    byId("notice-row").hidden = !("Notification" in globalThis);
  }

  /** @param {import("./call.js").Call} call that has just been rejected */
  rejected(call) {
    if (!this.#alarm.raise(Date.now())) return;
    if (this.#sound.checked) this.#ring();
    if (this.#notice.checked) notify(call);
  }

  async #askForNotices() {
    if (this.#notice.checked) this.#notice.checked = (await Notification.requestPermission()) === "granted";
    byId("notice-denied").hidden = Notification.permission !== "denied";
    this.#keep();
  }

  #keep() {
    const wanted = [this.#sound.checked && "sound", this.#notice.checked && "notice"].filter(Boolean);
    localStorage.setItem(KEY, wanted.join(","));
  }

  /** Two falling tones, made here: no file to load. */
  async #ring() {
    const context = (this.#context ??= new AudioContext());
    await context.resume();
    TONES_HZ.forEach((hz, i) => tone(context, hz, context.currentTime + i * TONE_S));
  }
}

function tone(context, hz, at) {
  const [source, volume] = [context.createOscillator(), context.createGain()];
  source.frequency.value = hz;
  volume.gain.setValueAtTime(0.2, at);
  volume.gain.exponentialRampToValueAtTime(0.001, at + TONE_S);
  source.connect(volume).connect(context.destination);
  source.start(at);
  source.stop(at + TONE_S);
}

/** @param {import("./call.js").Call} call */
function notify(call) {
  const { title, ...more } = noticeOf(call);
  return new Notification(title, more);
}
