// @ts-check
/** What is asked of a session description beyond what browsers do by themselves. */

const GATHERING_CAP_MS = 1500;

/**
 * Resolves when the candidates are all in the description, or after a cap: enough are by then.
 * @param {RTCPeerConnection} peer @returns {Promise<void>}
 */
export function gathered(peer) {
  if (peer.iceGatheringState === "complete") return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, GATHERING_CAP_MS);
    peer.addEventListener("icegatheringstatechange", () => {
      if (peer.iceGatheringState !== "complete") return;
      clearTimeout(timer);
      resolve();
    });
  });
}

/**
 * Chromium begins near 300 kb/s and takes 15 s to rise, unless the answer's codecs name a start.
 * Other browsers ignore the parameter.
 * @param {string} sdp @param {number} bps @returns {string}
 */
export function withStartBitrate(sdp, bps) {
  const parameter = `x-google-start-bitrate=${Math.round(bps / 1000)}`;
  const codecs = [...sdp.matchAll(/^a=rtpmap:(\d+) (?:VP8|VP9|H264|AV1)\//gim)];
  return codecs.reduce((text, [, id]) => {
    const fmtp = `a=fmtp:${id} `;
    return text.includes(fmtp)
      ? text.replace(fmtp, `${fmtp}${parameter};`)
      : text.replace(new RegExp(`^a=rtpmap:${id} .*$`, "m"), `$&\r\n${fmtp}${parameter}`);
  }, sdp);
}
