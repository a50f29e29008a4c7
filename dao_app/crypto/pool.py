"""Verifying envelopes in bulk on the second core, in one worker process.

libsodium calls from a second *thread* starve while the main thread runs Python, so the worker is a process
of its own, started with few imports: this package and the core, no window, database or network. Batches go
out and verdicts come back over a pipe; two threads of ours only wait on it. Where the worker cannot be
started or dies, batches are judged in this process: slower, with the same verdicts.
"""

from __future__ import annotations

import gc
import multiprocessing
import signal
import threading
from collections import deque
from collections.abc import Sequence
from multiprocessing.connection import Connection

from dao_app.app.admission import signed_id
from dao_app.app.ports import Verifier
from dao_app.core.limits import ENVELOPE_BYTES_MAX
from dao_app.crypto.verifier import SodiumVerifier

Verdict = bytes | str  # the action's id, or why it is refused
BATCH_ENVELOPES_MAX = 10_000  # a batch is held in memory on both sides
_BATCH_BYTES_MAX = BATCH_ENVELOPES_MAX * (ENVELOPE_BYTES_MAX + 4)
_JOIN_S = 2.0  # how long closing waits for the worker before it is killed


def judge_envelopes(envelopes: Sequence[bytes], verifier: Verifier) -> list[Verdict]:
    """The verdict on each envelope's signature."""
    return [signed_id(envelope, verifier) for envelope in envelopes]


class Ticket:
    """A batch on its way."""

    def __init__(self, envelopes: Sequence[bytes], verifier: Verifier) -> None:
        self.envelopes = envelopes
        self._verifier = verifier
        self._verdicts: list[Verdict] | None = None
        self._done = threading.Event()

    def ready(self) -> bool:
        return self._done.is_set()

    def result(self) -> list[Verdict]:
        """Wait for the verdicts, one per envelope; judged here where the worker could not."""
        self._done.wait()
        if self._verdicts is None:
            self._verdicts = judge_envelopes(self.envelopes, self._verifier)
        return self._verdicts

    def _settle(self, verdicts: list[Verdict] | None) -> None:
        self._verdicts = verdicts
        self._done.set()


class VerifierPool:
    """One worker process, started with the first batch. ``submit`` never blocks; batches finish in order."""

    def __init__(self, verifier: Verifier) -> None:
        self._verifier = verifier
        self._lock = threading.Condition()
        self._unsent: deque[Ticket] = deque()
        self._sent: deque[Ticket] = deque()
        self._pipe: Connection | None = None
        self._process: multiprocessing.process.BaseProcess | None = None
        self._threads: list[threading.Thread] = []
        self._broken = False
        self._closing = False

    @property
    def worker_pid(self) -> int | None:
        """The worker while it runs."""
        return self._process.pid if self._process is not None and not self._broken else None

    def submit(self, envelopes: Sequence[bytes]) -> Ticket:
        ticket = Ticket(list(envelopes), self._verifier)
        with self._lock:
            if not self._broken and not self._closing and len(ticket.envelopes) <= BATCH_ENVELOPES_MAX:
                self._start()
            if self._pipe is not None and not self._broken:
                self._unsent.append(ticket)
                self._lock.notify_all()
                return ticket
        ticket._settle(None)
        return ticket

    def close(self) -> None:
        """End the worker; what is still on its way is judged in this process when asked for."""
        with self._lock:
            self._closing = True
            self._lock.notify_all()
        self._break()
        process = self._process
        if process is not None:
            process.join(_JOIN_S)
            if process.is_alive():
                process.kill()
                process.join()
        for thread in self._threads:
            thread.join()

    # -- under the lock --------------------------------------------------------------------------
    def _start(self) -> None:
        if self._pipe is not None:
            return
        context = multiprocessing.get_context("spawn")
        try:
            ours, theirs = context.Pipe()
            process = context.Process(target=_work, args=(theirs,), name="guildhall-verifier", daemon=True)
            process.start()
            theirs.close()
        except (OSError, RuntimeError, ValueError):  # no process to be had: judge here
            self._broken = True
            return
        self._pipe, self._process = ours, process
        self._threads = [
            threading.Thread(target=self._send, args=(ours,), name="verifier-send", daemon=True),
            threading.Thread(target=self._receive, args=(ours,), name="verifier-receive", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    # -- in the two threads ----------------------------------------------------------------------
    def _send(self, pipe: Connection) -> None:
        while True:
            with self._lock:
                while not self._unsent and not self._broken and not self._closing:
                    self._lock.wait()
                if self._broken or self._closing:
                    return
                ticket = self._unsent.popleft()
                self._sent.append(ticket)
            try:
                pipe.send_bytes(_join(ticket.envelopes))
            except (OSError, ValueError):
                self._break()
                return

    def _receive(self, pipe: Connection) -> None:
        while True:
            try:
                verdicts = _read_verdicts(pipe.recv_bytes(_BATCH_BYTES_MAX))
            except (EOFError, OSError, ValueError):
                self._break()
                return
            with self._lock:
                ticket = self._sent.popleft() if self._sent else None
            if ticket is None or len(verdicts) != len(ticket.envelopes):
                if ticket is not None:
                    ticket._settle(None)
                self._break()
                return
            ticket._settle(verdicts)

    def _break(self) -> None:
        """From now on everything is judged in this process."""
        with self._lock:
            self._broken = True
            left = [*self._sent, *self._unsent]
            self._sent.clear()
            self._unsent.clear()
            self._lock.notify_all()
        if self._process is not None:
            self._process.terminate()  # its end of the pipe closes; the receiving thread wakes
        for ticket in left:
            ticket._settle(None)


def _join(parts: Sequence[bytes]) -> bytes:
    return b"".join([len(part).to_bytes(4, "big") + part for part in parts])


def _split(data: bytes) -> list[bytes]:
    parts, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        parts.append(data[at + 4 : at + 4 + size])
        at += 4 + size
    return parts


def _read_verdicts(data: bytes) -> list[Verdict]:
    return [part if len(part) == 32 else part.decode() for part in _split(data)]


def _work(pipe: Connection) -> None:
    """The worker: batch in, verdicts out, until the other end closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal goes to all; the parent decides
    gc.disable()  # judging makes no cycles, and looking for some costs a twentieth
    verifier = SodiumVerifier()
    try:
        while True:
            verdicts = judge_envelopes(_split(pipe.recv_bytes(_BATCH_BYTES_MAX)), verifier)
            pipe.send_bytes(_join([v if isinstance(v, bytes) else v.encode() for v in verdicts]))
    except (EOFError, OSError, KeyboardInterrupt):
        return
