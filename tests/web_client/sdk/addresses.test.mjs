import assert from "node:assert/strict";
import { test } from "node:test";
import { callUrl, iceServersUrl, serverUrl, sessionUrl } from "../../../web_client/js/sdk/addresses.js";

test("a server is meant by its own address and by its call's, under any prefix and scheme", () => {
  const same = [
    "https://verifier.example/v", "https://verifier.example/v/", "wss://verifier.example/v",
    "https://verifier.example/v/api/v1/call", "wss://verifier.example/v/api/v1/call/",
  ];
  for (const url of same) {
    assert.equal(serverUrl(url).href, "https://verifier.example/v/", url);
    assert.equal(callUrl(url), "wss://verifier.example/v/api/v1/call", url);
    assert.equal(iceServersUrl(url), "https://verifier.example/v/api/v1/ice-servers", url);
  }
});

test("a session's own address names it", () => {
  const call = callUrl("https://verifier.example/v");
  assert.equal(sessionUrl(call, "5f0c"), "wss://verifier.example/v/api/v1/call/5f0c");
  assert.equal(sessionUrl(call, "../x"), "wss://verifier.example/v/api/v1/call/..%2Fx");
});

test("a plain server is reached plainly", () => {
  assert.equal(callUrl("http://127.0.0.1:8080"), "ws://127.0.0.1:8080/api/v1/call");
});

test("what is no address is refused", () => {
  for (const url of ["", "verifier", "https://", "//verifier.example"]) assert.throws(() => serverUrl(url), TypeError, url);
});
