/** The server's wall time by the dates of its answers: the clock of who looks may be hours off. */

let skewMs = 0;

/** @param {Headers} headers of an answer that no cache gave */
export function noteDate(headers) {
  const at = Date.parse(headers.get("date") ?? "");
  if (Number.isFinite(at)) skewMs = Date.now() - at;
}

/** @returns {number} milliseconds since the epoch, to a second */
export const serverNow = () => Date.now() - skewMs;
