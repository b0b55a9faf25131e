"""Large buffers go back to the system, also after larger ones were freed."""

from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

from stream_verifier.errors import SettingsError
from stream_verifier.hosting import server
from stream_verifier.settings import load_settings

TRY = """
import ctypes
from stream_verifier.hosting.allocator import LARGE_BYTES, return_large_buffers

libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]
libc.mallinfo2.restype = type("Info", (ctypes.Structure,), {
    "_fields_": [(name, ctypes.c_size_t) for name in "arena ordblks smblks hblks hblkhd".split()]
    + [("rest", ctypes.c_size_t * 5)]
})

def mapped(size):
    before = libc.mallinfo2().hblks
    buffer = libc.malloc(size)
    alone = libc.mallinfo2().hblks - before
    libc.free(buffer)
    return alone

def after_a_larger_one(size):
    mapped(16 * LARGE_BYTES)
    return mapped(size)

print(return_large_buffers() if {set_up} else None)
print(after_a_larger_one(2 * LARGE_BYTES), after_a_larger_one(LARGE_BYTES // 2))
"""


@pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="not glibc"
)
@pytest.mark.parametrize(("set_up", "said"), [(True, "True\n1 0\n"), (False, "None\n0 0\n")])
def test_a_large_buffer_is_mapped_for_itself_whatever_was_freed_before(
    set_up: bool, said: str
) -> None:
    code = TRY.replace("{set_up}", str(set_up))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == said


def test_the_server_sets_it_up_before_anything_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def refuse(_: object) -> None:
        raise SettingsError("the port is taken")

    monkeypatch.setattr(server, "leave_no_core_dump", lambda: None)
    monkeypatch.setattr(server, "return_large_buffers", lambda: made.append("large buffers"))
    monkeypatch.setattr(server, "listen", refuse)
    with pytest.raises(SettingsError):
        server.run_server(load_settings())
    assert made == ["large buffers"]
