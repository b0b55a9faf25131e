/** Camera and microphone, and what to tell a person when one of them cannot be had. */

import { ConnectionFailure } from "./sdk/errors.js";

/** A failure to open camera or microphone; the message says what to do. */
export class MediaAccessError extends Error {
  /** @param {string} code machine-readable @param {string} message for people */
  constructor(code, message) {
    super(message);
    this.name = "MediaAccessError";
    this.code = code;
  }
}

const WANTED = {
  video: { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 15 }, facingMode: "user" },
  audio: { channelCount: 1 },
};

/**
 * Opens camera and microphone; nobody is asked for them where the browser has no calls to send them by.
 * @returns {Promise<MediaStream>}
 * @throws {MediaAccessError | ConnectionFailure}
 */
export async function openCamera() {
  if (!globalThis.RTCPeerConnection) throw new ConnectionFailure("no_webrtc");
  const devices = navigator.mediaDevices;
  if (!devices?.getUserMedia) {
    throw new MediaAccessError(
      "insecure_page",
      "Browsers give camera and microphone only to pages opened over https or from this same computer. Open the page as https://… or http://localhost….",
    );
  }
  try {
    return await devices.getUserMedia(WANTED);
  } catch (error) {
    throw await explain(error, devices);
  }
}

/** @param {any} error a DOMException @param {MediaDevices} devices */
async function explain(error, devices) {
  switch (error?.name) {
    case "NotAllowedError":
    case "SecurityError":
      return new MediaAccessError(
        "camera_denied",
        "Camera and microphone were not allowed. Click the camera sign in the address bar, allow both for this page, then start again.",
      );
    case "NotFoundError":
    case "OverconstrainedError":
      return missing(await kinds(devices));
    case "NotReadableError":
    case "AbortError":
      return new MediaAccessError(
        "camera_busy",
        "Camera or microphone is used by another program. Close other video calls, then start again.",
      );
    default:
      return new MediaAccessError(
        "camera_failed",
        `Camera and microphone could not be opened (${error?.name ?? "unknown error"}). Unplug and reconnect them, then start again.`,
      );
  }
}

/** @param {Set<string>} found */
function missing(found) {
  if (!found.has("videoinput") && !found.has("audioinput")) {
    return new MediaAccessError("camera_missing", "No camera and no microphone was found. Connect both, then start again.");
  }
  if (!found.has("videoinput")) {
    return new MediaAccessError("camera_missing", "No camera was found. Connect one, or switch it on, then start again.");
  }
  return new MediaAccessError("microphone_missing", "No microphone was found. Connect one, or switch it on, then start again.");
}

/** @param {MediaDevices} devices @returns {Promise<Set<string>>} */
async function kinds(devices) {
  try {
    return new Set((await devices.enumerateDevices()).map(({ kind }) => kind));
  } catch {
    return new Set();
  }
}
