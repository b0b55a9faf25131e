/** `<stream-verifier-enrol>`: consent in the page's own words, and an enrolment with it. */

import type { OwnTexts } from "./element.js";
import type { StreamVerifier, StreamVerifierEvents, TokenSource } from "./stream-verifier.js";

/** What there is to do; "consent" before, and after a call that came to nothing. */
export type EnrolState =
  | "consent"
  | "asking"
  | "connecting"
  | "enrolling"
  | "reconnecting"
  | "enrolled"
  | "failed";

/** As HTML writes them. */
export interface StreamVerifierEnrolAttributes {
  /** By default the server that the module came from. */
  server?: string;
  token?: string;
  /** Who is to be enrolled. */
  identity?: string;
  /** What the reference may be used for. */
  purpose?: string;
  /** When the consent ends, ISO 8601; the server's own limit where that is nearer. */
  until?: string;
  /** By default the page's color-scheme. */
  theme?: "light" | "dark";
}

type Listened = StreamVerifierEvents & Omit<HTMLElementEventMap, keyof StreamVerifierEvents>;
type EventOf<T extends keyof Listened> = T extends keyof StreamVerifierEvents
  ? CustomEvent<StreamVerifierEvents[T]>
  : Listened[T];

export class StreamVerifierEnrolElement extends HTMLElement {
  server: string;
  identity: string;
  purpose: string;
  until: string;
  /** The page's own words, in place of some or all of its language's. */
  get texts(): OwnTexts | null;
  set texts(texts: OwnTexts | null);
  get token(): TokenSource;
  set token(token: TokenSource);
  /** The page's own media, or what the element opened for want of it. */
  get stream(): MediaStream | null;
  set stream(stream: MediaStream | null);
  /** The words as they are shown and recorded, to the letter. */
  get consentText(): string;
  get state(): EnrolState;
  /** The latest call's, null before the first. */
  get verifier(): StreamVerifier | null;
  /** Begins to enrol, if the box is ticked; what goes wrong is shown and told by an "error" event. */
  start(): Promise<void>;
  /** Ends it; what was not enrolled by then is forgotten. */
  stop(): Promise<void>;
  addEventListener<T extends keyof Listened>(
    type: T,
    listener: (this: StreamVerifierEnrolElement, event: EventOf<T>) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<T extends keyof Listened>(
    type: T,
    listener: (this: StreamVerifierEnrolElement, event: EventOf<T>) => void,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | EventListenerOptions,
  ): void;
}

declare global {
  interface HTMLElementTagNameMap {
    "stream-verifier-enrol": StreamVerifierEnrolElement;
  }
}
