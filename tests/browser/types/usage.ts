/** What a page written in TypeScript may do with the package, and what its compiler refuses. */

import { CLIENT_ERRORS, StreamVerifier, type StreamVerifierOptions } from "stream-verifier";
import "stream-verifier/element";
import "stream-verifier/enrol-element";
import type { BadgeState } from "stream-verifier/element";

const options: StreamVerifierOptions = { url: "https://verifier.example", identity: "ada" };
const verifier = new StreamVerifier({ ...options, token: async () => "fresh" });

verifier.addEventListener("state_changed", ({ detail }) => {
  const said: "waiting" | "verified" | "uncertain" | "rejected" | "absent" = detail.state;
  console.log(said, detail.reasons.join(), detail.media_s.toFixed(1));
});
verifier.addEventListener("events_lost", ({ detail }) => console.log(detail.count + 1));
verifier.addEventListener("of_a_newer_server", (event: Event) => console.log(event.type));
verifier.attach(new MediaStream()).attach(new RTCPeerConnection());
const started: Promise<void> = verifier.start();
const advice: string = CLIENT_ERRORS.connection_lost;

const badge = document.createElement("stream-verifier");
badge.token = () => "fresh";
badge.peerConnection = new RTCPeerConnection();
badge.addEventListener("score", ({ detail }) => console.log(detail.evidence?.both));
badge.addEventListener("click", (event) => console.log(event.clientX));
const state: BadgeState = badge.state;
console.log(started, advice, state);

// @ts-expect-error an identity is needed
new StreamVerifier({ url: "https://verifier.example" });
// @ts-expect-error no such mode
new StreamVerifier({ identity: "ada", mode: "guess" });
// @ts-expect-error no such field
verifier.addEventListener("state_changed", ({ detail }) => console.log(detail.nonsense));
// @ts-expect-error the state is the element's to say
badge.state = "verified";
// @ts-expect-error a stream or nothing
badge.stream = "camera";

const enrolment = document.createElement("stream-verifier-enrol");
enrolment.addEventListener("enrolled", ({ detail }) => console.log(detail.identity, enrolment.consentText));
// @ts-expect-error what is shown is what is written between the tags
enrolment.consentText = "Something else.";
