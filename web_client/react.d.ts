/** The elements in JSX, for React 19: `import type {} from "stream-verifier/react"`. */

import type { DetailedHTMLProps, HTMLAttributes } from "react";
import type { OwnTexts, StreamVerifierAttributes, StreamVerifierElement } from "./element.js";
import type { StreamVerifierEnrolAttributes, StreamVerifierEnrolElement } from "./enrol-element.js";
import type { StreamVerifierEvents, TokenSource } from "./stream-verifier.js";

/** React 19 sets what the element has as a property, and listens to `on` and the event's type. */
type Handlers = {
  [T in keyof StreamVerifierEvents as `on${T}`]?: (event: CustomEvent<StreamVerifierEvents[T]>) => void;
};

type Own = Omit<StreamVerifierAttributes, "token" | "autostart"> & Handlers & {
  token?: TokenSource;
  autostart?: boolean;
  stream?: MediaStream | null;
  peerConnection?: RTCPeerConnection | null;
  texts?: OwnTexts | null;
};

type OwnEnrol = Omit<StreamVerifierEnrolAttributes, "token"> & Handlers & {
  token?: TokenSource;
  stream?: MediaStream | null;
  texts?: OwnTexts | null;
};

type Inherited = DetailedHTMLProps<HTMLAttributes<StreamVerifierElement>, StreamVerifierElement>;
type InheritedEnrol = DetailedHTMLProps<HTMLAttributes<StreamVerifierEnrolElement>, StreamVerifierEnrolElement>;

declare module "react" {
  namespace JSX {
    interface IntrinsicElements {
      "stream-verifier": Omit<Inherited, keyof Own> & Own;
      "stream-verifier-enrol": Omit<InheritedEnrol, keyof OwnEnrol> & OwnEnrol;
    }
  }
}
