/** What is seen while a call runs and after it: the camera, the sign that it is watched, the views. */

import { byId, setText } from "./dom.js";
import { EnrolView } from "./enrol-view.js";
import { FaceOverlay } from "./overlay.js";
import { VerifyView } from "./verify-view.js";
import { sayEnding, sayWatch } from "./words.js";

export class CallStage {
  #verify = new VerifyView();
  #enrol = new EnrolView();
  #overlay = new FaceOverlay(byId("boxes"));
  #enrolling = false;
  #connected = true;
  #away = /** @type {ReadonlySet<string>} */ (new Set());

  constructor() {
    byId("video").addEventListener("resize", fitPreview);
  }

  /** @param {{mode: string, identity: string}} call @param {MediaStream} stream */
  open({ mode, identity }, stream) {
    this.#enrolling = mode === "enrol";
    this.#verify.start(identity);
    this.#enrol.start();
    this.#overlay.tone = this.#enrolling ? "enrol" : "waiting";
    byId("call").classList.remove("over");
    byId("call").classList.toggle("enrolling", this.#enrolling);
    byId("verify-panel").hidden = byId("chart-figure").hidden = this.#enrolling;
    byId("enrol-panel").hidden = byId("guide").hidden = byId("start-over").hidden = !this.#enrolling;
    byId("ended").hidden = true;
    byId("monitoring").hidden = false;
    this.#connected = true;
    this.lack(new Set());
    document.body.classList.add("calling");
    byId("setup").hidden = true;
    byId("call").hidden = false;
    setText(byId("call-title"), `${this.#enrolling ? "Enrolling" : "Verifying"} ${identity}`);
    byId("call-title").focus();
    byId("video").srcObject = stream;
  }

  /** @param {any} event of the server */
  take(event) {
    if (event.type === "score") this.#overlay.show(event.faces ?? []);
    if (event.type === "state_changed") this.#overlay.tone = event.state;
    if (event.type === "enrolled") this.#enrol.showDone(event);
    if (event.type === "enrolment_progress") {
      this.#enrol.showProgress(event);
      this.#overlay.show(event.boxes ?? []);
    }
    if (!this.#enrolling) this.#verify.take(event);
  }

  /** Moves on what changes with time alone. */
  tick() {
    this.#verify.tick();
  }

  /** The connection is away: the last verdict must not look as if it held. */
  lose() {
    this.#connected = false;
    this.#sayWatch();
    this.#overlay.show([]);
    if (!this.#enrolling) this.#verify.lose();
  }

  /** The connection is back. */
  regain() {
    this.#connected = true;
    this.#sayWatch();
    if (!this.#enrolling) this.#verify.regain();
  }

  /** Which devices send nothing. @param {ReadonlySet<string>} kinds "audio" and "video" */
  lack(kinds) {
    this.#away = kinds;
    this.#sayWatch();
  }

  /** The camera is off. */
  blind() {
    byId("video").srcObject = null;
    byId("monitoring").hidden = true;
    this.#overlay.show([]);
  }

  /** The call is over and its result stays in view. @param {string} reason */
  close(reason) {
    this.#verify.end();
    const enrolled = !byId("enrol-done").hidden;
    const stored = enrolled || !this.#enrolling || reason !== "complete";
    setText(byId("ended-text"), sayEnding(stored ? reason : "not_stored"));
    byId("ended").hidden = false;
    byId("guide").hidden = true;
    byId("call").classList.add("over");
    byId("again").classList.toggle("primary", !enrolled);
    byId(enrolled ? "verify-now" : "again").focus();
  }

  /** Back to choosing. */
  leave() {
    document.body.classList.remove("calling");
    byId("call").hidden = true;
    byId("setup").hidden = false;
  }

  /** What is checked now: the sign must not claim more. */
  #sayWatch() {
    const { on, what } = sayWatch({ connected: this.#connected, away: this.#away });
    const title = document.createElement("strong");
    title.textContent = on ? "Monitoring on:" : "Monitoring paused:";
    byId("monitoring").dataset.on = String(on);
    byId("monitoring-text").replaceChildren(title, ` ${what}`);
  }
}

/** The boxes are fractions of the picture, so the layer must have exactly its shape. */
function fitPreview() {
  const { videoWidth: width, videoHeight: height } = byId("video");
  if (width && height) byId("preview").style.aspectRatio = `${width} / ${height}`;
}
