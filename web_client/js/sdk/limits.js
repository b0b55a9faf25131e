// @ts-check
/** How much of a track is sent: enough for a face and a voice, and no more. */

/**
 * @typedef {object} Limits
 * @property {number} longSidePx       pictures are sent no longer than this
 * @property {number} shortSidePx      no higher, or no wider when upright, than this
 * @property {number} frameRateHz      and no more often than this
 * @property {number} videoBitrateBps
 * @property {number} startBitrateBps  where Chromium's estimate begins, so that the first pictures are sharp
 * @property {number} audioBitrateBps
 */

/** @type {Readonly<Limits>} */
export const LIMITS = Object.freeze({
  longSidePx: 640,
  shortSidePx: 480,
  frameRateHz: 15,
  videoBitrateBps: 1_000_000,
  startBitrateBps: 800_000,
  audioBitrateBps: 40_000,
});

/**
 * @param {"audio" | "video"} kind @param {MediaStreamTrack | null} track @param {Limits} limits
 * @returns {RTCRtpEncodingParameters}
 */
export function encodingOf(kind, track, limits) {
  if (kind === "audio") return { maxBitrate: limits.audioBitrateBps };
  return {
    maxBitrate: limits.videoBitrateBps,
    maxFramerate: limits.frameRateHz,
    scaleResolutionDownBy: scaleOf(track, limits),
  };
}

/** @param {MediaStreamTrack | null} track @param {Limits} limits @returns {number} at least 1 */
export function scaleOf(track, { longSidePx, shortSidePx }) {
  const { width = 0, height = 0 } = track?.getSettings() ?? {};
  return Math.max(1, Math.max(width, height) / longSidePx, Math.min(width, height) / shortSidePx);
}

/**
 * Fits a sender to the size that its picture has now. Under a thin network a sharp face now and
 * then serves better than a smooth small one.
 * @param {RTCRtpSender} sender @param {MediaStreamTrack | null} track @param {Limits} limits
 */
export async function fitPicture(sender, track, limits) {
  const parameters = sender.getParameters();
  const [encoding] = parameters.encodings ?? [];
  if (encoding) encoding.scaleResolutionDownBy = scaleOf(track, limits);
  try {
    await sender.setParameters(Object.assign(parameters, { degradationPreference: "maintain-resolution" }));
  } catch {
    // A browser without the preference, or a connection that closed meanwhile, decides for itself.
  }
}
