/**
 * The declarations say what the modules do and what the server sends: each may stand where the
 * other is asked for. The modules' own types come from their JSDoc, which the compiler checks.
 */

import type * as declaredElement from "stream-verifier/element";
import type * as declaredEnrol from "stream-verifier/enrol-element";
import type * as declared from "stream-verifier";
import type * as writtenElement from "../../../web_client/js/element.js";
import type * as writtenEnrol from "../../../web_client/js/enrol-element.js";
import type * as written from "../../../web_client/js/stream-verifier.js";
import type { Wire } from "./contract.js";

type Fits<Given extends Asked, Asked> = Given;
type Same<One extends Other, Other extends Again, Again = One> = [One, Other];

export type Options = Same<declared.StreamVerifierOptions, written.StreamVerifierOptions>;
export type Construction = Same<
  ConstructorParameters<typeof declared.StreamVerifier>,
  ConstructorParameters<typeof written.StreamVerifier>
>;
// Listeners are declared more narrowly than any EventTarget can say, and attach() returns itself.
type Loose = "addEventListener" | "removeEventListener" | "attach";
export type Verifier = Same<Omit<written.StreamVerifier, Loose>, Omit<declared.StreamVerifier, Loose>>;
export type VerifierMembers = Same<keyof declared.StreamVerifier, keyof written.StreamVerifier>;
export type Attached = Same<
  Parameters<written.StreamVerifier["attach"]>,
  Parameters<declared.StreamVerifier["attach"]>
>;
export type Replaced = Same<
  Parameters<written.StreamVerifier["replaceTrack"]>,
  Parameters<declared.StreamVerifier["replaceTrack"]>
>;
export type Errors = Same<keyof typeof declared.CLIENT_ERRORS, keyof typeof written.CLIENT_ERRORS>;
type Functions = "nowMs" | "defaultCallUrl" | "withStartBitrate";
export type SameFunctions = Same<Pick<typeof written, Functions>, Pick<typeof declared, Functions>>;
export type Exports = Same<keyof typeof declared, keyof typeof written>;

type Own<T> = Exclude<keyof T, keyof HTMLElement>;
type Declared = declaredElement.StreamVerifierElement;
type Written = writtenElement.StreamVerifierElement;
type Unlisted = "connectedCallback" | "disconnectedCallback" | "attributeChangedCallback";
export type ElementMembers = Same<Own<Declared>, Exclude<Own<Written>, Unlisted>>;
// Its verifier is compared above.
type Compared = Exclude<Own<Declared>, "verifier">;
export type Element = Same<Pick<Declared, Compared>, Pick<Written, Compared>>;
export type ElementExports = Same<keyof typeof declaredElement, keyof typeof writtenElement>;

type DeclaredEnrol = declaredEnrol.StreamVerifierEnrolElement;
type WrittenEnrol = writtenEnrol.StreamVerifierEnrolElement;
export type EnrolMembers = Same<Own<DeclaredEnrol>, Exclude<Own<WrittenEnrol>, Unlisted>>;
type ComparedEnrol = Exclude<Own<DeclaredEnrol>, "verifier">;
export type EnrolElement = Same<Pick<DeclaredEnrol, ComparedEnrol>, Pick<WrittenEnrol, ComparedEnrol>>;
export type EnrolExports = Same<keyof typeof declaredEnrol, keyof typeof writtenEnrol>;

type Received = { [T in keyof Wire]: Wire[T] & { receivedAt: number } };
type FromServer = declared.ServerEvents & Pick<declared.StreamVerifierEvents, "error">;
export type Events = Fits<Received, FromServer>;
export type EventTypes = Same<keyof Wire, keyof FromServer>;
/** Every field that the server sends is declared, but those of errors, which this side tells as well. */
type Fields<T> = { [Type in Exclude<keyof T, "error">]: keyof T[Type] };
export type EventFields = Same<Fields<Received>, Fields<FromServer>>;
