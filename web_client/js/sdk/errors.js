// @ts-check
/** What can fail on this side, and what to do about it. */

export const CLIENT_ERRORS = Object.freeze({
  unreachable: "The server does not answer. Check that it runs and that you are online, then start again.",
  no_websocket: "The server answers, but no call comes through: a proxy in between seems to stop WebSockets. Try another network, or ask who runs this one.",
  no_answer: "The server took too long to answer. It may be busy: start again in a moment.",
  connection_lost: "The connection to the server was lost, so nothing is checked any more. Start again.",
  going_away: "The server is about to stop and no other one goes on with the call. Start again.",
  session_lost: "The server no longer knows this enrolment. See whether the name is enrolled; if not, start again.",
  media_failed: "Picture and sound do not reach the server. A firewall may block UDP: try another network.",
  bad_answer: "The server sent something this page does not understand. Reload the page.",
  ice_unavailable: "The list of relay servers did not come. The call goes on without; behind a strict firewall it may fail.",
  token_failed: "This page could not get a token for the verifier. Sign in again, then start again.",
  no_webrtc: "This browser cannot make video calls. Use a current Chrome, Edge, Firefox or Safari.",
});

/** @typedef {keyof typeof CLIENT_ERRORS} ClientErrorCode */

/** A connection that did not come about, or broke; `code` is one of {@link CLIENT_ERRORS}. */
export class ConnectionFailure extends Error {
  /** @param {ClientErrorCode} code @param {unknown} [cause] */
  constructor(code, cause) {
    super(CLIENT_ERRORS[code], { cause });
    this.name = "ConnectionFailure";
    this.code = code;
  }
}
