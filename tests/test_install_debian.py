"""What is installed for the tests: by a shell in which every program is one of ours."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parent.parent / "scripts" / "install_debian.sh"
NEEDED = ("chromium", "turnserver", "ffmpeg", "softhsm2-util", "redis-server", "node")
WELCOME = (
    "chromium-headless-shell",
    "firefox-esr",
    "janus",
    "initdb",
    "haproxy",
    "nginx",
    "promtool",
)


@dataclass
class Machine:
    """A folder of programs, of which `apt-get` notes what it is asked for and installs it.

    Attributes:
        folder: all that the script finds.
        unknown: packages that this system does not have.
        broken: one that cannot be installed.
    """

    folder: Path
    unknown: tuple[str, ...] = ()
    broken: str = "none"

    def has(self, *programs: str) -> None:
        for program in programs:
            self.write(program, "")

    def write(self, program: str, script: str) -> None:
        path = self.folder / program
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)

    def run(self, *, user: int = 0) -> subprocess.CompletedProcess[str]:
        self.write("id", f"echo {user}")
        self.has("systemctl", "tee")
        self.write("env", 'shift; exec "$@"')
        fails = f'case "$@" in *{self.broken}*) exit 1 ;; esac'
        self.write("apt-get", f'echo "$@" >> {self.folder}/asked; {fails}')
        known = "".join(f"{name}) exit 100 ;; " for name in self.unknown)
        self.write("apt-cache", f'case "$2" in {known}*) exit 0 ;; esac')
        return subprocess.run(
            ["/bin/sh", str(SCRIPT)],
            env={"PATH": str(self.folder)},
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def asked(self) -> list[str]:
        noted = self.folder / "asked"
        return noted.read_text(encoding="utf-8").splitlines() if noted.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_where_all_is_there_nothing_is_asked_of_apt(machine: Machine) -> None:
    machine.has(*NEEDED, *WELCOME)
    done = machine.run()
    assert (done.returncode, done.stderr, machine.asked) == (0, "", [])


def test_all_that_is_missing_is_installed_at_once(machine: Machine) -> None:
    machine.has("ffmpeg", "initdb", "promtool")
    assert machine.run().returncode == 0
    update, install = machine.asked
    assert update == "update -qq"
    assert install == (
        "install -y -qq --no-install-recommends chromium coturn softhsm2 redis-server nodejs"
        " chromium-headless-shell firefox-esr janus haproxy nginx-light"
    )


def test_packages_that_a_system_lacks_are_left_out_and_named(machine: Machine) -> None:
    machine.has(*NEEDED, *(one for one in WELCOME if one not in ("firefox-esr", "janus")))
    machine.unknown = ("firefox-esr",)
    done = machine.run()
    assert done.returncode == 0
    assert machine.asked[-1].endswith(" janus")
    assert "the tests of Firefox: run 'apt-get install firefox-esr' as root." in done.stderr


def test_without_rights_what_is_needed_is_said_and_ends_it(machine: Machine) -> None:
    machine.has(*WELCOME, "chromium", "ffmpeg", "softhsm2-util", "redis-server", "node")
    done = machine.run(user=1000)
    assert done.returncode == 1
    assert done.stderr == "the tests of relayed calls: run 'apt-get install coturn' as root.\n"
    machine.has("turnserver")
    (machine.folder / "haproxy").unlink()
    done = machine.run(user=1000)
    assert done.returncode == 0
    assert "run 'apt-get install haproxy' as root." in done.stderr
    assert not machine.asked


def test_a_package_that_cannot_be_had_keeps_none_away_that_is_needed(machine: Machine) -> None:
    machine.has(*(one for one in (*NEEDED, *WELCOME) if one not in ("ffmpeg", "janus")))
    machine.broken = "janus"
    done = machine.run()
    assert done.returncode == 0
    assert machine.asked[-1] == "install -y -qq --no-install-recommends ffmpeg"
    assert done.stderr == "the tests of Janus's rooms: run 'apt-get install janus' as root.\n"
