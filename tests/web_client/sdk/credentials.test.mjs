import assert from "node:assert/strict";
import { afterEach, mock, test } from "node:test";
import { fetchIceServers, readToken } from "../../../web_client/js/sdk/credentials.js";

afterEach(() => { mock.timers.reset(); mock.restoreAll(); });

const answering = (status, body) => mock.method(globalThis, "fetch", async () => new Response(body, { status }));

test("a token is given or got, without the line's end behind it, and an empty one is none", async () => {
  for (const none of [null, undefined, "", "\n", () => null, async () => ""]) assert.equal(await readToken(none), null);
  for (const some of ["t", "t\n", () => " t", async () => "t\r\n"]) assert.equal(await readToken(some), "t");
});

test("a function that fails or takes too long is a failure that says so", async () => {
  const failure = { name: "ConnectionFailure", code: "token_failed" };
  await assert.rejects(readToken(() => { throw new Error("signed out"); }), failure);
  await assert.rejects(readToken(async () => { throw new Error("signed out"); }), failure);
  mock.timers.enable({ apis: ["setTimeout"] });
  const late = assert.rejects(readToken(() => new Promise(() => {})), failure);
  mock.timers.tick(10_000);
  await late;
});

test("the server's list is asked for with the token and without cookies", async () => {
  const iceServers = [{ urls: "stun:verifier.example" }];
  const asked = answering(200, JSON.stringify({ iceServers }));
  assert.deepEqual(await fetchIceServers("https://verifier.example", "t"), iceServers);
  const [url, { headers, credentials }] = asked.mock.calls[0].arguments;
  assert.equal(url, "https://verifier.example/api/v1/ice-servers");
  assert.deepEqual({ headers, credentials }, { headers: { Authorization: "Bearer t" }, credentials: "omit" });
});

test("a refusal gives no servers: the call itself is refused for the same reason", async () => {
  answering(403, "{}");
  assert.deepEqual(await fetchIceServers("https://verifier.example", null), []);
});

test("what did not answer as it should is told apart from an empty list", async () => {
  for (const [status, body] of [[503, "{}"], [200, "no json"], [200, '{"iceServers": "stun"}'], [200, "null"]]) {
    answering(status, body);
    assert.equal(await fetchIceServers("https://verifier.example", null), null, `${status} ${body}`);
    mock.restoreAll();
  }
  mock.method(globalThis, "fetch", async () => { throw new TypeError("offline"); });
  assert.equal(await fetchIceServers("https://verifier.example", null), null);
});
