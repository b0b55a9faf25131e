/** The list of everybody who is enrolled: search, pages, and deletion with a receipt. */

import { sayForbidden, showAccount, takeFragment } from "../access.js";
import { clearError, showError } from "../alert.js";
import { readPage, remove } from "../api.js";
import { confirmed } from "../confirm.js";
import { byId, make, setText } from "../dom.js";
import { Paging, SIZE } from "./paging.js";
import { showReceipt } from "./receipt.js";
import { rowsOf } from "./rows.js";
import { deletionOf, sayPage, sayRefused, sayShown } from "./words.js";

/** Who types a name is asked for nobody before it stands there. */
const TYPING_MS = 300;

takeFragment();
showAccount();
const paging = new Paging((query) => readPage("identities", query));
const form = /** @type {HTMLFormElement} */ (byId("tools"));
let typing = 0;

/** @returns {Record<string, string>} what is looked for */
function wanted() {
  const consent = String(new FormData(form).get("consent") ?? "");
  const search = byId("search").value.trim();
  return { ...(consent ? { consent } : {}), ...(search ? { search } : {}) };
}

/** @param {Promise<any>} reading */
async function show(reading) {
  byId("people").classList.add("busy");
  setText(byId("status"), "Looking…");
  try {
    const shown = await reading;
    if (shown === null) return; // Another page was asked for meanwhile.
    clearError();
    fill(shown);
  } catch (error) {
    setText(byId("status"), "");
    showError({ code: error.code, title: "People could not be listed", message: sayFailure(error) });
  }
  byId("people").classList.remove("busy");
}

const sayFailure = ({ status, message }) =>
  status === 403 ? sayForbidden("admin") : `${message}. Try again.`;

function fill({ people, first, page, more, enrolled, refused }) {
  const narrowed = Object.keys(wanted()).length > 0;
  byId("rows").replaceChildren(...rowsOf(people, askToDelete));
  setText(byId("status"), sayShown({ first, count: people.length, enrolled, more, narrowed }));
  setText(byId("refused"), sayRefused(refused));
  byId("refused").hidden = refused === 0;
  byId("previous").disabled = page === 1;
  byId("next").disabled = !more;
  setText(byId("page-number"), sayPage(page, narrowed ? null : Math.ceil(enrolled / SIZE)));
  byId("pager").hidden = page === 1 && !more;
  byId("frame").hidden = people.length === 0;
  byId("empty").hidden = people.length > 0;
  byId("clear").hidden = !narrowed;
  byId("empty-text").replaceChildren(...emptyText(narrowed));
}

function emptyText(narrowed) {
  if (!narrowed) return ["Nobody is enrolled yet. ", make("a", { href: "./#mode=enrol" }, "Enrol somebody")];
  return ["Nobody fits. Names are stored encrypted: a name is found only if all of it is typed."];
}

async function askToDelete(person) {
  if (!(await confirmed(deletionOf(person.name)))) return;
  let receipt;
  try {
    receipt = await remove("identities", person.name);
  } catch (error) {
    showError({ code: error.code, title: `${person.name} could not be deleted`, message: sayFailure(error) });
    return;
  }
  const place = [...byId("rows").children].findIndex((row) => row.firstElementChild?.textContent === person.name);
  const shown = show(paging.read());
  if (receipt !== null) await showReceipt(receipt);
  await shown;
  focusNear(place);
}

/** The button that had the focus is gone: the one in its place gets it, for those who see no pointer. */
function focusNear(place) {
  const rows = [...byId("rows").children];
  const row = rows[Math.min(Math.max(place, 0), rows.length - 1)];
  (row?.querySelector("button") ?? byId("search")).focus();
}

function turn(reading) {
  show(reading).then(() => {
    scrollTo({ top: 0 });
    const left = ["next", "previous"].find((id) => document.activeElement === byId(id) && byId(id).disabled);
    if (left !== undefined || document.activeElement === document.body) byId("search").focus({ preventScroll: true });
  });
}

const anew = () => show(paging.begin(wanted()));

form.addEventListener("submit", (event) => { event.preventDefault(); clearTimeout(typing); anew(); });
form.addEventListener("change", (event) => { if (event.target !== byId("search")) anew(); });
byId("search").addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(anew, TYPING_MS); });
byId("clear").addEventListener("click", () => { form.reset(); anew().then(() => byId("search").focus()); });
byId("next").addEventListener("click", () => turn(paging.next()));
byId("previous").addEventListener("click", () => turn(paging.previous()));
anew();
