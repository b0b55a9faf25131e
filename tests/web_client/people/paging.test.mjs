import assert from "node:assert/strict";
import { test } from "node:test";
import { Paging, SIZE } from "../../../web_client/js/people/paging.js";

/** A server of so many people, of whom it looks at so many for each answer, and tells those that fit. */
function server(count, { every = 1, looks = 1000, refused = 0 } = {}) {
  const asked = [];
  const ask = async ({ limit, cursor = "0", ...query }) => {
    asked.push({ limit, cursor, ...query });
    const identities = [];
    let at = Number(cursor);
    for (let looked = 0; at < count && identities.length < Number(limit) && looked < looks; at++, looked++) {
      if (at % every === 0) identities.push(at);
    }
    return { identities, next: at < count ? String(at) : null, enrolled: count, refused };
  };
  return { ask, asked };
}

test("one goes on page by page and back again", async () => {
  const paging = new Paging(server(120).ask);
  const first = await paging.begin({});
  assert.deepEqual([first.people.length, first.first, first.page, first.more], [SIZE, 1, 1, true]);
  const second = await paging.next();
  const third = await paging.next();
  assert.deepEqual([second.first, third.first, third.people.length, third.more], [51, 101, 20, false]);
  assert.deepEqual((await paging.next()).people, third.people);
  assert.deepEqual((await paging.previous()).people, second.people);
  await paging.previous();
  assert.deepEqual((await paging.previous()).people, first.people);
});

test("who asks twice for the next page before it is there gets one", async () => {
  const paging = new Paging(server(200).ask);
  await paging.begin({});
  const [late, right] = await Promise.all([paging.next(), paging.next()]);
  assert.equal(late, null);
  assert.deepEqual([right.page, right.first], [2, 51]);
});

test("a filtered page is filled from as many answers as that takes", async () => {
  const { ask, asked } = server(4000, { every: 10, looks: 100, refused: 1 });
  const page = await new Paging(ask).begin({ consent: "withdrawn" });
  assert.equal(page.people.length, SIZE);
  assert.equal(page.refused, asked.length);
  assert.ok(asked.length >= 5);
  assert.ok(asked.every((one) => one.consent === "withdrawn"));
});

test("the end is found where nobody fits", async () => {
  const page = await new Paging(server(500, { every: 1000, looks: 50 }).ask).begin({});
  assert.deepEqual([page.people, page.more], [[0], false]);
});

test("an answer that comes too late is none", async () => {
  const waiting = [];
  const paging = new Paging(({ search }) => new Promise((resolve) => { waiting.push([search, resolve]); }));
  const late = paging.begin({ search: "a" });
  const right = paging.begin({ search: "ada" });
  const answer = { identities: [], next: null, enrolled: 7, refused: 0 };
  waiting[1][1]({ ...answer, identities: ["ada"] });
  waiting[0][1](answer);
  assert.equal(await late, null);
  assert.deepEqual((await right).people, ["ada"]);
});

test("an answer that fails is said, and the next one is not", async () => {
  let fails = true;
  const paging = new Paging(async () => {
    if (fails) throw new Error("no");
    return { identities: [1], next: null, enrolled: 1, refused: 0 };
  });
  await assert.rejects(paging.begin({}), /no/);
  fails = false;
  assert.deepEqual((await paging.read()).people, [1]);
});
