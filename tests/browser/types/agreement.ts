/** The declarations say what the modules do: each may stand where the other is asked for. */

import type { StreamVerifierElement } from "stream-verifier/element";
import type * as declared from "stream-verifier";
import type { StreamVerifierElement as WrittenElement } from "../js/element.js";
import type * as written from "../js/stream-verifier.js";

type Fits<Given extends Asked, Asked> = Given;

export type Options = [
  Fits<declared.StreamVerifierOptions, written.StreamVerifierOptions>,
  Fits<written.StreamVerifierOptions, declared.StreamVerifierOptions>,
];
// Listeners are declared more narrowly than any EventTarget can say, and attach() returns itself.
type Loose = "addEventListener" | "removeEventListener" | "attach";
export type Verifier = Fits<Omit<written.StreamVerifier, Loose>, Omit<declared.StreamVerifier, Loose>>;
export type Attached = Fits<
  Parameters<written.StreamVerifier["attach"]>,
  Parameters<declared.StreamVerifier["attach"]>
>;
export type VerifierMembers = [
  Fits<keyof declared.StreamVerifier, keyof written.StreamVerifier>,
  Fits<keyof written.StreamVerifier, keyof declared.StreamVerifier>,
];
export type Errors = [
  Fits<keyof typeof declared.CLIENT_ERRORS, keyof typeof written.CLIENT_ERRORS>,
  Fits<keyof typeof written.CLIENT_ERRORS, keyof typeof declared.CLIENT_ERRORS>,
];
export type Functions = Fits<
  Pick<typeof written, "nowMs" | "defaultCallUrl" | "withStartBitrate">,
  Pick<typeof declared, "nowMs" | "defaultCallUrl" | "withStartBitrate">
>;
export type Exports = [
  Fits<keyof typeof declared, keyof typeof written>,
  Fits<keyof typeof written, keyof typeof declared>,
];

type Own<T> = Exclude<keyof T, keyof HTMLElement>;
type Unlisted = "connectedCallback" | "disconnectedCallback" | "attributeChangedCallback";
export type ElementMembers = [
  Fits<Own<StreamVerifierElement>, Own<WrittenElement>>,
  Fits<Exclude<Own<WrittenElement>, Unlisted>, Own<StreamVerifierElement>>,
];
export type ElementMedia = Fits<
  Pick<WrittenElement, "stream" | "peerConnection" | "token" | "identity" | "start" | "stop">,
  Pick<StreamVerifierElement, "stream" | "peerConnection" | "token" | "identity" | "start" | "stop">
>;
