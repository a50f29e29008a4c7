"""Networks of Linux network namespaces for tests: hosts, networks, routers with NAT, lines with delay and loss.

Needs root, iproute2 and nftables. In continuous integration their absence fails; elsewhere the tests are skipped.
Whatever a ``Lab`` made is gone when it is closed; names carry the process's number, so that runs do not meet.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.netns.line import Line

ROOT = Path(__file__).parents[2]
TOOLS = ("ip", "nft", "unshare")
OUTSIDE = "198.51.100"  # the network between the routers, one of those kept for documentation (RFC 5737)


def missing() -> str:
    """Why namespaces cannot be made here; "" where they can."""
    absent = [name for name in TOOLS if shutil.which(name) is None]
    if os.geteuid() != 0:
        return "network namespaces need root"
    if absent:
        return f"these programs are missing: {', '.join(absent)}"
    made = subprocess.run(["unshare", "-n", "true"], capture_output=True, check=False)
    return "" if made.returncode == 0 else "this machine allows no network namespaces"


needs_namespaces = pytest.mark.skipif(bool(missing()) and not os.environ.get("CI"), reason=missing() or "-")


def sh(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(words)}: {done.stderr.strip()}"


class Lab:
    """See the module."""

    def __init__(self) -> None:
        self._mark = f"g{os.getpid() % 100_000}"
        self._names: list[str] = []
        self._links = 0
        self._undo: list[Callable[[], Any]] = []

    def __enter__(self) -> Lab:
        return self

    def __exit__(self, *_: object) -> None:
        for undo in reversed(self._undo):
            undo()
        for name in reversed(self._names):
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)

    def on_close(self, undo: Callable[[], Any]) -> None:
        self._undo.append(undo)

    # -- parts ---------------------------------------------------------------------------------------
    def host(self, name: str) -> str:
        """A namespace; its full name."""
        full = f"{self._mark}{name}"
        sh("ip", "netns", "add", full)
        self._names.append(full)
        sh("ip", "-n", full, "link", "set", "lo", "up")
        return full

    def switch(self, name: str) -> str:
        """A namespace that is one network for whoever is joined to it."""
        full = self.host(name)
        sh("ip", "-n", full, "link", "add", "br0", "type", "bridge", "mcast_snooping", "0")
        sh("ip", "-n", full, "link", "set", "br0", "up")
        return full

    def join(self, host: str, switch: str, address: str, gateway: str = "") -> str:
        """Plug a host into a switch under "ip/bits"; the name of its interface."""
        self._links += 1
        inner, outer = f"e{self._links}", f"s{self._links}"
        sh("ip", "link", "add", inner, "netns", host, "type", "veth", "peer", "name", outer, "netns", switch)
        sh("ip", "-n", switch, "link", "set", outer, "master", "br0", "up")
        sh("ip", "-n", host, "addr", "add", address, "dev", inner)
        sh("ip", "-n", host, "link", "set", inner, "up")
        if gateway:
            sh("ip", "-n", host, "route", "add", "default", "via", gateway)
        return inner

    def set_link(self, host: str, interface: str, up: bool) -> None:
        """Pull the cable, or plug it in again."""
        sh("ip", "-n", host, "link", "set", interface, "up" if up else "down")

    def router(self, name: str, wan: str, outside: str, lan: str, inside: str) -> str:
        """A home router: what goes out gets its address; what comes in unasked is dropped without a word."""
        full = self.host(name)
        interface = self.join(full, wan, outside)
        self.join(full, lan, inside)
        self.run(full, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
        rules = f"""
            table ip home {{
              chain post {{ type nat hook postrouting priority 100; oifname "{interface}" masquerade; }}
              chain in {{ type filter hook input priority 0; iifname "{interface}" ct state new drop; }}
              chain through {{ type filter hook forward priority 0; iifname "{interface}" ct state new drop; }}
            }}"""
        self.run(full, "nft", "-f", "-", feed=rules)
        return full

    def line(self, one: str, two: str, addresses: tuple[str, str], delay_ms: int, loss: float, seed: int) -> Line:
        """A slow line between two hosts (kernels without netem have none: it is made of two TUN devices)."""
        found = Line(one, two, addresses, delay_ms, loss, seed)
        self.on_close(found.close)
        return found

    # -- running -------------------------------------------------------------------------------------
    def run(self, host: str, *words: str, feed: str = "") -> str:
        done = subprocess.run(
            ["ip", "netns", "exec", host, *words], input=feed, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{' '.join(words)}: {done.stderr.strip()}"
        return done.stdout

    def python(self, host: str, module: str, *words: str) -> subprocess.Popen[str]:
        """A Python program in a host, with pipes."""
        return self._start(host, "-m", module, *words)

    def program(self, host: str, *words: str) -> subprocess.Popen[str]:
        """The program itself in a host, with pipes."""
        return self._start(host, "main.py", *words)

    def _start(self, host: str, *words: str) -> subprocess.Popen[str]:
        paths = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH", ""))))
        process = subprocess.Popen(
            ["ip", "netns", "exec", host, sys.executable, *words], cwd=ROOT, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": paths},
        )  # fmt: skip

        def end() -> None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()

        self.on_close(end)
        return process
