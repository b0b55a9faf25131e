from __future__ import annotations

import subprocess
import sys

CODE = """
import gc
from model.imports import kept
with kept():
    import json
    print(gc.isenabled(), gc.get_freeze_count())
print(gc.isenabled(), gc.get_freeze_count() > 1000)
"""


def test_no_garbage_is_looked_for_in_what_is_imported_then_or_later() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "0", "True", "True"]
