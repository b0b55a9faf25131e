import { useRef, useState } from "react";

/** The page's own camera: what a call page sends to the other side. */
export function SelfView({ onStream }: { onStream: (stream: MediaStream) => void }) {
  const video = useRef<HTMLVideoElement>(null);
  const [problem, setProblem] = useState("");

  async function open() {
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
      video.current!.srcObject = stream;
      onStream(stream);
    } catch (error) {
      setProblem(`Camera and microphone could not be opened: ${error}`);
    }
  }

  return (
    <figure>
      <video ref={video} width="320" autoPlay muted playsInline />
      <figcaption>
        <button type="button" onClick={open}>Open camera</button> {problem}
      </figcaption>
    </figure>
  );
}
