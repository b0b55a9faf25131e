/** A question before something that cannot be undone. The page holds the dialog #confirm. */

import { byId, shown } from "./dom.js";

/**
 * @param {object} question
 * @param {string} question.title
 * @param {string} question.text   what will happen
 * @param {string} question.yes    the button that does it
 * @param {string} question.no     the button that does not
 * @returns {Promise<boolean>}
 */
export async function confirmed({ title, text, yes, no }) {
  const dialog = byId("confirm");
  byId("confirm-title").textContent = title;
  byId("confirm-text").textContent = text;
  byId("confirm-yes").textContent = yes;
  byId("confirm-no").textContent = no;
  dialog.returnValue = "cancel";
  return (await shown(dialog)) === "yes";
}
