import { useState } from "react";
import { useVerifier } from "./useVerifier";

interface Props {
  server: string;
  identity: string;
  stream: MediaStream;
}

/** A word for the state, for pages that draw everything themselves. */
export function StateOnly(props: Props) {
  const [on, setOn] = useState(false);
  const { state, reasons, problem } = useVerifier(on ? props : null);
  return (
    <p>
      <button type="button" onClick={() => setOn(!on)}>{on ? "Stop" : "Start"}</button>{" "}
      <strong>{state}</strong> {reasons.join(", ")} {problem}
    </p>
  );
}
