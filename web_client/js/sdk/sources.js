// @ts-check
/** Which tracks of a host's media are the person in the call. Only reads; touches nothing. */

/** @typedef {MediaStream | RTCPeerConnection} MediaSource */
/** @typedef {"audio" | "video"} Kind */

/** @type {readonly Kind[]} */
export const KINDS = Object.freeze(["audio", "video"]);

/**
 * The track of a kind that shows or hears the person: alive, and never a shared screen, which is
 * no face and nobody's business.
 * @param {MediaSource} source @param {Kind} kind @returns {MediaStreamTrack | null}
 */
export function trackOf(source, kind) {
  const fits = (/** @type {MediaStreamTrack} */ track) =>
    track.kind === kind && track.readyState === "live" && !isScreen(track);
  return tracksOf(source).find(fits) ?? null;
}

/** @param {MediaSource} source @returns {MediaStreamTrack[]} what a host sends or holds */
function tracksOf(source) {
  if (!("getSenders" in source)) return source.getTracks();
  return source.getSenders().flatMap(({ track }) => (track ? [track] : []));
}

/** @param {MediaStreamTrack} track @returns {boolean} */
function isScreen(track) {
  return "displaySurface" in track.getSettings();
}
