"""Opens a page in QtWebEngine, which is Chromium as it was; run by the system's own Python.

Usage: python3 qt_page.py 5|6 ADDRESS SECONDS. Each line of the page's console is printed as JSON,
last the browser's name. Ends after so many seconds, or once the page says "done".
"""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any


def main(version: str, address: str, seconds: float) -> None:
    """Open the page and tell what it says."""

    def part(name: str) -> Any:
        return importlib.import_module(f"PyQt{version}.{name}")

    core, widgets = part("QtCore"), part("QtWidgets")
    views = part("QtWebEngineWidgets")
    pages = views if version == "5" else part("QtWebEngineCore")
    policies = pages.QWebEnginePage
    granted = (
        policies.PermissionGrantedByUser
        if version == "5"
        else policies.PermissionPolicy.PermissionGrantedByUser
    )
    app = widgets.QApplication(sys.argv[:1])

    def leave(agent: str) -> None:
        tell(agent=agent)
        app.quit()

    def end() -> None:
        page.runJavaScript("navigator.userAgent", leave)

    class Page(pages.QWebEnginePage):  # type: ignore[misc, name-defined]
        def javaScriptConsoleMessage(self, _: Any, text: str, *__: Any) -> None:  # noqa: N802
            """Qt calls it by this name."""
            tell(said=text)
            if text == "done":
                end()

    view = views.QWebEngineView()
    page = Page(view)
    view.setPage(page)
    page.featurePermissionRequested.connect(
        lambda origin, feature: page.setFeaturePermission(origin, feature, granted)
    )
    core.QTimer.singleShot(int(1000 * seconds), end)
    view.load(core.QUrl(address))
    view.show()
    (app.exec_ if version == "5" else app.exec)()


def tell(**what: str) -> None:
    """Print a line."""
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]))
