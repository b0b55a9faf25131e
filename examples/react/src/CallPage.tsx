import { useState } from "react";
import "stream-verifier/element";
import type {} from "stream-verifier/react";
import { SelfView } from "./SelfView";
import { StateOnly } from "./StateOnly";

/** A page that has a camera open already, as any call page has, and two ways to verify it. */
export function CallPage({ server }: { server: string }) {
  const [stream, setStream] = useState<MediaStream | null>(null);
  const [identity, setIdentity] = useState("grace");
  const [changes, setChanges] = useState(0);
  return (
    <main>
      <h1>A call page in React</h1>
      <label>
        Who should be in the call? <input value={identity} onChange={(event) => setIdentity(event.target.value)} />
      </label>
      <SelfView onStream={setStream} />
      {stream && (
        <>
          <h2>The element</h2>
          <stream-verifier
            server={server}
            identity={identity}
            stream={stream}
            onstate_changed={() => setChanges((count) => count + 1)}
          />
          <p>{changes} changes so far</p>
          <h2>The SDK, drawn by this page</h2>
          <StateOnly key={identity} server={server} identity={identity} stream={stream} />
        </>
      )}
    </main>
  );
}
