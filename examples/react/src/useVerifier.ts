import { useEffect, useState } from "react";
import { StreamVerifier } from "stream-verifier";

interface Call {
  server: string;
  identity: string;
  stream: MediaStream;
}

interface Known {
  state: string;
  reasons: string[];
  problem: string;
}

const NOTHING: Known = { state: "off", reasons: [], problem: "" };

/** Verifies a call for as long as it is given one. */
export function useVerifier(call: Call | null): Known {
  const [known, setKnown] = useState(NOTHING);
  const { server, identity, stream } = call ?? {};
  useEffect(() => {
    if (!server || !identity || !stream) return setKnown(NOTHING);
    const verifier = new StreamVerifier({ url: server, identity });
    const learn = (news: Partial<Known>) => setKnown((before) => ({ ...before, ...news }));
    verifier.addEventListener("session_started", () => learn({ state: "waiting", problem: "" }));
    verifier.addEventListener("state_changed", ({ detail }) => learn({ state: detail.state, reasons: detail.reasons }));
    verifier.addEventListener("reconnecting", () => learn({ state: "reconnecting", reasons: [] }));
    verifier.addEventListener("error", ({ detail }) => learn({ state: "off", reasons: [], problem: detail.message }));
    verifier.attach(stream).start();
    return () => void verifier.stop();
  }, [server, identity, stream]);
  return known;
}
