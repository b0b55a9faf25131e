/** The proof of a deletion, shown once: it is not to be had again. */

import { byId, setText, shown } from "../dom.js";

/**
 * @param {any} receipt as the server gave it
 * @returns {Promise<void>} once it is closed
 */
export async function showReceipt(receipt) {
  const { name, entry } = receipt;
  setText(byId("receipt-title"), `${name} was deleted`);
  setText(
    byId("receipt-text"),
    "Save the receipt and give it to the person. It is checked without this server: stream-verifier audit receipt FILE --public-key KEY",
  );
  setText(byId("receipt-when"), new Date(entry.at).toLocaleString());
  setText(byId("receipt-entry"), String(entry.number));
  setText(byId("receipt-hash"), entry.hash);
  const file = URL.createObjectURL(new Blob([JSON.stringify(receipt)], { type: "application/json" }));
  const save = /** @type {HTMLAnchorElement} */ (byId("receipt-save"));
  save.href = file;
  save.download = `receipt-${entry.number}.json`;
  const closed = shown(byId("receipt"));
  save.focus();
  await closed;
  URL.revokeObjectURL(file);
}
