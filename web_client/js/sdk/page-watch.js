// @ts-check
/** What the page goes through that matters to a call. */

/**
 * @param {AbortSignal} signal ends the watch
 * @param {{online: () => void, offline: () => void, visibility: (hidden: boolean) => void, left: () => void}} on
 */
export function watchPage(signal, on) {
  globalThis.addEventListener?.("online", on.online, { signal });
  globalThis.addEventListener?.("offline", on.offline, { signal });
  globalThis.addEventListener?.("pagehide", on.left, { signal });
  const page = globalThis.document;
  page?.addEventListener("visibilitychange", () => on.visibility(page.hidden), { signal });
}
