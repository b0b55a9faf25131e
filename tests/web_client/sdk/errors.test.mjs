import assert from "node:assert/strict";
import { test } from "node:test";
import { CLIENT_ERRORS, ConnectionFailure } from "../../../web_client/js/sdk/errors.js";

test("every failure says what to do, and keeps what caused it", () => {
  for (const [code, message] of Object.entries(CLIENT_ERRORS)) {
    const cause = new Error("below");
    const failure = new ConnectionFailure(code, cause);
    assert.deepEqual([failure.code, failure.message, failure.cause], [code, message, cause]);
    assert.match(message, /\. .*\.$|: .*\.$/, code);
  }
});
