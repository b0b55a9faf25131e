"""A page that holds one element, on the scripted server."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Locator, Page

from tests.support.page_fake import until
from tests.support.sdk_fake import SdkCall, SdkServer

TYPES = "session_started score state_changed reconnecting resumed restarted error ending closed"
# What bubbles to the window is kept as `told`.
MAKE = """async ([attributes, types]) => {
  window.told = [];
  for (const type of types.split(" ")) {
    addEventListener(type, ({ target: { localName: tag }, detail }) => {
      told.push({ ...detail, event: type, tag });
    });
  }
  window.asked = 0;
  const devices = navigator.mediaDevices;
  const open = devices.getUserMedia.bind(devices);
  devices.getUserMedia = async (wanted) => { window.asked += 1; return open(wanted); };
  const { StreamVerifierElement } = await import("./js/element.js");
  window.badge = new StreamVerifierElement();
  for (const [name, value] of Object.entries(attributes)) badge.setAttribute(name, value);
  document.body.append(badge);
}"""


class ElementPage:
    """The element and the server behind it."""

    def __init__(self, page: Page, server: SdkServer) -> None:
        self.page = page
        self.server = server

    def make(self, **attributes: str) -> Locator:
        """Puts one element into the page; an underscore stands for a hyphen."""
        given = {"identity": "ada"} | attributes
        named = {name.replace("_", "-"): value for name, value in given.items()}
        self.page.evaluate(MAKE, [named, TYPES])
        return self.page.locator("stream-verifier")

    def control(self, name: str) -> Locator:
        """Its button of that name."""
        return self.page.locator("stream-verifier").get_by_role("button", name=name, exact=True)

    def call(self) -> SdkCall:
        """Starts and takes the call, of which session s1 has begun."""
        self.control("Start").click()
        return self.accept()

    def accept(self, **answer: Any) -> SdkCall:
        """Takes the next start and waits until its media flows."""
        call = self.server.take("start")
        call.accept(**answer)
        call.push("session_started")
        until(self.page, "badge.verifier.marks.connectedAt > 0")
        return call

    def told(self, event: str) -> list[dict[str, Any]]:
        """What reached the window, of one type."""
        events: list[dict[str, Any]] = self.page.evaluate("told")
        return [one for one in events if one["event"] == event]
