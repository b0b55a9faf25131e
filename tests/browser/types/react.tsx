/** The element in JSX. */

import { useState } from "react";
import "stream-verifier/element";
import type {} from "stream-verifier/react";

export function Badge({ peer }: { peer: RTCPeerConnection }) {
  const [state, setState] = useState("idle");
  return (
    <figure>
      <stream-verifier
        server="https://verifier.example"
        identity="ada"
        className="badge"
        token={async () => "fresh"}
        peerConnection={peer}
        autostart
        onstate_changed={({ detail }) => setState(detail.state)}
      />
      {/* @ts-expect-error no such attribute */}
      <stream-verifier idenity="ada" />
      <figcaption>{state}</figcaption>
    </figure>
  );
}

export function Enrolment({ onDone }: { onDone: (id: string) => void }) {
  return (
    <stream-verifier-enrol identity="ada" purpose="Exams" until="2027-12-31" onenrolled={({ detail }) => onDone(detail.id)}>
      I agree.
    </stream-verifier-enrol>
  );
}
