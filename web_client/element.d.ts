/** `<stream-verifier>`: the state of a verified call as a badge with its details. */

import type { State, StreamVerifier, StreamVerifierEvents, TokenSource } from "./stream-verifier.js";

/** A verdict's state, or what keeps there from being one. */
export type BadgeState =
  | State
  | "idle"
  | "asking"
  | "connecting"
  | "reconnecting"
  | "ended"
  | "failed";

/**
 * A page's own words, in place of some or all of a language's: the names are those of
 * `js/languages/en.js`, and `tag` says which language they are in (BCP 47).
 */
export interface OwnTexts {
  [name: string]: string | OwnTexts;
}

/** As HTML writes them. */
export interface StreamVerifierAttributes {
  /** By default the server that the module came from. */
  server?: string;
  token?: string;
  /** Who should be in the call. */
  identity?: string;
  "operating-point"?: string;
  /** Starts when it is in the page. */
  autostart?: boolean | "";
  /** Without the buttons: the page calls start() and stop(). */
  "no-controls"?: boolean | "";
  /** Tells the server what the camera is called: ask the person first. */
  "tell-camera"?: boolean | "";
  /** By default the page's color-scheme. */
  theme?: "light" | "dark";
}

type Listened = StreamVerifierEvents & Omit<HTMLElementEventMap, keyof StreamVerifierEvents>;
type EventOf<T extends keyof Listened> = T extends keyof StreamVerifierEvents
  ? CustomEvent<StreamVerifierEvents[T]>
  : Listened[T];

export class StreamVerifierElement extends HTMLElement {
  server: string;
  identity: string;
  get token(): TokenSource;
  set token(token: TokenSource);
  autostart: boolean;
  /** The page's own words, in place of some or all of its language's. */
  get texts(): OwnTexts | null;
  set texts(texts: OwnTexts | null);
  /** The page's own media, or what the element opened for want of it. */
  get stream(): MediaStream | null;
  set stream(stream: MediaStream | null);
  /** The page's own call, whose sent tracks are verified. */
  get peerConnection(): RTCPeerConnection | null;
  set peerConnection(peer: RTCPeerConnection | null);
  get state(): BadgeState;
  /** The latest call's, null before the first. */
  get verifier(): StreamVerifier | null;
  /** Begins a call, if there is none; what goes wrong is shown and told by an "error" event. */
  start(): Promise<void>;
  stop(): Promise<void>;
  addEventListener<T extends keyof Listened>(
    type: T,
    listener: (this: StreamVerifierElement, event: EventOf<T>) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<T extends keyof Listened>(
    type: T,
    listener: (this: StreamVerifierElement, event: EventOf<T>) => void,
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
    "stream-verifier": StreamVerifierElement;
  }
}
