/** The monitor: one page with all calls, the most worrying first. */

import { askForToken, currentToken, isTokenRefusal, sayForbidden, showAccount, takeFragment } from "../access.js";
import { clearError, showError, shownError } from "../alert.js";
import { eventsOf, read } from "../api.js";
import { byId, setText, whenever } from "../dom.js";
import { EventFeed } from "../event-feed.js";
import { sayShortly } from "../words.js";
import { Alerts } from "./alerts.js";
import { Board } from "./board.js";
import { Calls } from "./calls.js";
import { Connection } from "./connection.js";
import { Detail } from "./detail.js";
import { EndedList } from "./ended-list.js";
import { Filters } from "./filters.js";
import { Histories } from "./histories.js";
import { counted, sayLoad } from "./words.js";

/** Events come by the hundred a second; people look four times. */
const SHOW_MS = 250;
const TICK_MS = 1000;
const LOAD_MS = 10_000;

takeFragment();
showAccount();
const calls = new Calls();
const feed = new EventFeed({ token: currentToken });
const connection = new Connection(feed);
const filters = new Filters();
const alerts = new Alerts();
const detail = new Detail(calls);
const open = (session) => detail.open(session);
const histories = new Histories(eventsOf, (session, events) => { calls.get(session)?.take(events); touch(session); });
const board = new Board(byId("board"), { onOpen: open, onSight });
const ended = new EndedList(byId("ended-list"), open);

let due = 0;
let loaded = false;

// ---- what comes in

/** @param {any} event */
function onEvent(event) {
  const before = calls.get(event.session)?.state;
  const call = calls.apply(event);
  if (call.identity === null) histories.want(event.session);
  if (event.type === "state_changed" && call.state === "rejected" && before !== "rejected") onRejected(call);
  detail.take(event);
  touch(event.session);
}

function onRejected(call) {
  alerts.rejected(call);
  setText(byId("announcement"), `${call.identity ?? "A call"}: rejected, ${sayShortly(call.reasons)}`);
}

function onSight(session) {
  histories.want(session);
  touch(session);
}

/** Events may have been missed: the list, and what it cannot tell, are asked for again. */
async function reload() {
  try {
    calls.load((await read("calls")).calls);
    if (shownError() === "calls") clearError();
    histories.forget();
    if (loaded) for (const { session } of calls.running()) histories.want(session);
    loaded = true;
    for (const { session } of calls.running()) board.touch(session);
    show();
    board.resight();
  } catch (error) {
    showError({ code: "calls", title: "The calls could not be listed", message: `${error.message}. What happens from now on is shown all the same.` });
  }
}

async function onRefused({ code, message }) {
  if (isTokenRefusal(code) && (await askForToken(code))) {
    clearError();
    feed.open();
  } else {
    showError({ code, title: "No access to the events", message: code === "forbidden" ? sayForbidden("events:read") : message });
  }
}

// ---- what is seen

function touch(session) {
  board.touch(session);
  due ||= setTimeout(show, SHOW_MS);
}

function show() {
  clearTimeout(due);
  due = 0;
  const [running, over] = [calls.running(), calls.ended()];
  const overShown = byId("view-ended").checked;
  const counts = filters.count(overShown ? over : running);
  setText(byId("running-count"), String(running.length));
  setText(byId("ended-count"), String(over.length));
  byId("board").hidden = overShown;
  byId("ended-list").hidden = !overShown;
  const seen = filters.pass(overShown ? over : running);
  if (overShown) ended.show(seen);
  else board.show(seen, calls.now);
  showEmpty(overShown, seen.length);
  const rejected = overShown ? 0 : counts.rejected;
  document.title = `${rejected ? `(${rejected} rejected) ` : ""}Monitor – Stream Verifier`;
}

function showEmpty(overShown, count) {
  byId("empty").hidden = count > 0;
  byId("clear").hidden = !filters.active;
  const kind = overShown ? "ended" : "running";
  const all = overShown ? calls.ended().length : calls.running().length;
  const none = overShown ? "No call has ended yet." : "No call is running. One appears here as soon as it starts.";
  setText(byId("empty-text"), filters.active && all ? `None of ${counted(all, `${kind} call`)} fits the filter.` : loaded ? none : "Loading…");
}

function tick() {
  connection.tick();
  if (feed.status !== "live") return; // Ages of what is old would be made up.
  board.tick(calls.now);
  detail.show();
}

async function showLoad() {
  if (document.hidden) return;
  try {
    const health = await read("health");
    byId("load").dataset.overloaded = String(health.overloaded);
    setText(byId("load"), sayLoad(health));
  } catch {
    setText(byId("load"), ""); // Whether the server is there is said elsewhere.
  }
}

whenever(feed, "event", onEvent);
whenever(feed, "subscribed", ({ fresh }) => { if (fresh) reload(); });
whenever(feed, "refused", onRefused);
filters.addEventListener("changed", show);
for (const id of ["view-running", "view-ended"]) byId(id).addEventListener("change", show);
byId("detail").addEventListener("close", show);
addEventListener("pagehide", () => feed.close());
addEventListener("pageshow", ({ persisted }) => { if (persisted) feed.open(); });
setInterval(tick, TICK_MS);
setInterval(showLoad, LOAD_MS);
showLoad();
show();
feed.open();
