from __future__ import annotations

import json

from benchmarks.old_browsers.__main__ import Tried, table, tried

AGENT = "Mozilla/5.0 (X11) QtWebEngine/5.15.13 Chrome/87.0.4280.144 Safari/537.36"


def lines(*said: str, agent: str = AGENT) -> list[str]:
    return ["Qt warns", *(json.dumps({"said": one}) for one in said), json.dumps({"agent": agent})]


def test_what_a_page_says_is_read() -> None:
    told = lines("enrolled after 9.9 s", "verified after 2.3 s", "done")
    assert tried(told) == Tried("Chromium 87", 9.9, 2.3, ())


def test_what_goes_wrong_is_kept() -> None:
    failed = tried(lines("complains: TypeError: Object.hasOwn is not a function"))
    assert (failed.enrolled_s, failed.verified_s) == (None, None)
    assert failed.complaints == ("complains: TypeError: Object.hasOwn is not a function",)
    assert "| Chromium 87 | never | never | complains: TypeError" in table([failed])


def test_a_browser_that_did_not_start_is_none() -> None:
    assert tried(["Could not connect to display"]).browser == "none"
