"""A line with delay and loss between two network namespaces, of two TUN devices with a thread between them.

Deterministic but for the machine's own timing: which packets are lost follows from the seed and their order.
"""

from __future__ import annotations

import ctypes
import fcntl
import heapq
import os
import random
import select
import struct
import subprocess
import threading
import time

_TUNSETIFF = 0x400454CA
_IFF_TUN, _IFF_NO_PI = 0x0001, 0x1000
_CLONE_NEWNET = 0x40000000
_PACKET_BYTES_MAX = 2_000
_WAITING_MAX = 10_000  # packets on the way
_LIBC = ctypes.CDLL(None, use_errno=True)


def _tun_in(host: str, name: str) -> int:
    """Make a TUN device in a namespace, from a thread of its own: a namespace belongs to a thread."""
    found: list[int | OSError] = []

    def make() -> None:
        try:
            with open(f"/run/netns/{host}") as space:
                if _LIBC.setns(space.fileno(), _CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), "setns")
            device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
            fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH14x", name.encode(), _IFF_TUN | _IFF_NO_PI))
            found.append(device)
        except OSError as error:
            found.append(error)

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    (result,) = found
    if isinstance(result, OSError):
        raise result
    return result


class Line:
    """``addresses``: "ip/bits" of either end; ``delay_ms`` each way; ``loss`` from 0 to 1."""

    def __init__(
        self, one: str, two: str, addresses: tuple[str, str], delay_ms: int, loss: float, seed: int
    ) -> None:
        self._ends = [_tun_in(host, "line0") for host in (one, two)]
        for host, address in zip((one, two), addresses, strict=True):
            for words in (["addr", "add", address, "dev", "line0"], ["link", "set", "line0", "mtu", "1400", "up"]):
                subprocess.run(["ip", "-n", host, *words], check=True)
        self._delay_s = delay_ms / 1_000
        self._loss = loss
        self._random = random.Random(seed)
        self._stop, self._wake = os.pipe()
        self.carried = self.lost = 0
        self._thread = threading.Thread(target=self._carry, daemon=True)
        self._thread.start()

    def _carry(self) -> None:
        waiting: list[tuple[float, int, int, bytes]] = []
        number = 0
        while True:
            pause = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
            ready, _, _ = select.select([*self._ends, self._stop], [], [], pause)
            if self._stop in ready:
                return
            for place, end in enumerate(self._ends):
                if end in ready:
                    packet = os.read(end, _PACKET_BYTES_MAX)
                    number += 1
                    if self._random.random() < self._loss or len(waiting) >= _WAITING_MAX:
                        self.lost += 1
                    else:
                        heapq.heappush(waiting, (time.monotonic() + self._delay_s, number, 1 - place, packet))
            while waiting and waiting[0][0] <= time.monotonic():
                _, _, place, packet = heapq.heappop(waiting)
                try:
                    os.write(self._ends[place], packet)
                    self.carried += 1
                except OSError:
                    self.lost += 1

    def close(self) -> None:
        os.write(self._wake, b"x")
        self._thread.join()
        for descriptor in (*self._ends, self._stop, self._wake):
            os.close(descriptor)
