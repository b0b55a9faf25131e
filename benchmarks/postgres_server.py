"""A PostgreSQL on loopback, private to who starts it, who may kill it and bring it back."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.ports import free_port

OWNER = "tests"
_AT_ONCE = 16
"""Places that are made together: to ask for one costs more than to make it."""
_START_S = 60.0
_DEBIAN = Path("/usr/lib/postgresql")
"""Debian keeps the server's programs off the PATH, a folder for each version."""
_CHEAP = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
_SMALL = ("shared_buffers=16MB", "max_connections=60", "jit=off", "unix_socket_directories=")


def programs() -> Path | None:
    """The folder of initdb and its kin, the newest there is."""
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).resolve().parent
    versions = [one for one in _DEBIAN.glob("*/bin") if (one / "initdb").is_file()]
    return max(versions, key=lambda one: float(one.parent.name), default=None)


class PostgresServer:
    """One server at a port of its own, with people's order of letters as servers elsewhere have.

    It refuses to run as root, for whom Debian's user `postgres` runs it; so its files lie in a
    folder of its own, which that user can reach.

    Args:
        durable: write as shipped, so that nothing is lost when it is killed; if not, it is fast.

    Raises:
        RuntimeError: it is not installed.
    """

    def __init__(self, *, durable: bool = False) -> None:
        found = programs()
        if found is None:
            raise RuntimeError("PostgreSQL is missing: apt-get install postgresql")
        self._programs = found
        self._options = _SMALL if durable else (*_SMALL, *_CHEAP)
        self._user = "postgres" if os.geteuid() == 0 else None
        self._folder = Path(tempfile.mkdtemp(prefix="postgres-"))
        if self._user is not None:
            shutil.chown(self._folder, self._user)
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._places = 0

    def start(self) -> None:
        """Begin with what lies in its folder, or anew; come back when it answers.

        Raises:
            RuntimeError: it does not answer.
        """
        data = self._folder / "data"
        if not data.exists():
            self._make(data)
        options = [part for one in self._options for part in ("-c", one)]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(self._programs / "postgres", "-D", data, "-h", "127.0.0.1"),
                    *("-p", str(self.port), *options),
                ],
                **self._as_user(),
                stdout=log,
                stderr=log,
            )
        until_s = time.monotonic() + _START_S
        while time.monotonic() < until_s and self._process.poll() is None:
            if self._run("pg_isready", check=False).returncode == 0:
                return
            time.sleep(0.05)
        log_text = (self._folder / "log").read_text(errors="replace")[-2000:]
        self.kill()
        raise RuntimeError(f"PostgreSQL does not answer: {log_text}")

    def new_place(self) -> str:
        """Make a user with an empty schema of its own; return the URL for the settings.

        It is that user's whole database, as `"$user"` comes first where tables are looked for, and
        costs no thousand files as a real one does.
        """
        self._places += 1
        user = f"place{self._places}"
        if self._places % _AT_ONCE == 1:
            users = [f"place{number}" for number in range(self._places, self._places + _AT_ONCE)]
            made = [f"CREATE ROLE {u} LOGIN; CREATE SCHEMA {u} AUTHORIZATION {u};" for u in users]
            self._run("psql", "-q", "-c", " ".join(made), "postgres")
        return f"postgresql+asyncpg://{user}@127.0.0.1:{self.port}/postgres"

    def kill(self) -> None:
        """Let it die without a word, with all the processes that serve its connections."""
        process, self._process = self._process, None
        if process is None:
            return
        # Stopped first, so that it begins no more of them: whichever is left behind would keep the
        # next server from starting.
        _signal(process.pid, signal.SIGSTOP)
        _signal(process.pid, signal.SIGKILL)
        process.wait()

    def pause(self) -> None:
        """Stop answering, with all connections open, as behind a network that lost its way."""
        assert self._process is not None
        _signal(self._process.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """Answer again."""
        assert self._process is not None
        _signal(self._process.pid, signal.SIGCONT)

    def remove(self) -> None:
        """Take its files away; it must not run."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _make(self, data: Path) -> None:
        helped = subprocess.run(
            [self._programs / "initdb", "--help"], capture_output=True, text=True, check=True
        )
        icu = "--icu-locale" in helped.stdout
        order = ["--locale-provider=icu", "--icu-locale=en-US"] if icu else []
        subprocess.run(
            [
                *(self._programs / "initdb", "-D", data, "-A", "trust", "-U", OWNER, "--no-sync"),
                *("-E", "UTF8", "--locale=C.UTF-8", *order),
            ],
            **self._as_user(),
            check=True,
            stdout=subprocess.DEVNULL,
        )

    def _run(
        self, program: str, *words: str, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        where = ("-h", "127.0.0.1", "-p", str(self.port), "-U", OWNER)
        return subprocess.run(
            [self._programs / program, *where, *words],
            check=check,
            stdout=subprocess.DEVNULL,
            text=True,
        )

    def _as_user(self) -> dict[str, Any]:
        if self._user is None:
            return {}
        entry = pwd.getpwnam(self._user)
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": [], "cwd": "/"}


def _signal(pid: int, sig: signal.Signals) -> None:
    """Send it to the server and to each of its processes, which have groups of their own."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    served = children.read_text().split() if children.exists() else []
    for one in [pid, *map(int, served)]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(one, sig)


@contextlib.contextmanager
def postgres_server(*, durable: bool = False) -> Iterator[PostgresServer]:
    """Run PostgreSQL until the block ends."""
    server = PostgresServer(durable=durable)
    try:
        server.start()
        yield server
    finally:
        server.kill()
        server.remove()
