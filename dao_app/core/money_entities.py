"""Entities of firms and payments: see ``entities`` for keys and encoding."""

from __future__ import annotations

from typing import NamedTuple

Ref = tuple[bytes, int]  # detached content, as in ``entities``


class Signer(NamedTuple):
    """One who signs for a firm; ``limit`` is the most in one payment, in minor units of any unit."""

    member: bytes
    limit: int


class Handover(NamedTuple):
    """New signers and bound for a firm, as one of its signers wants them."""

    by: bytes
    signers: tuple[Signer, ...]
    dual: int


class Firm(NamedTuple):
    """A party of several signers. Payments above ``dual`` need two of them (0: all do)."""

    name: str
    register: str  # registration number, as declared
    signers: tuple[Signer, ...]
    dual: int
    status: str  # active | closed
    cause: bytes
    handover: Handover | None


class PaymentRequest(NamedTuple):
    """``status``: open | paid | declined | withdrawn. Members by their roots."""

    payee: bytes
    payer: bytes
    unit: str
    amount: int
    memo: Ref | None
    status: str


class Schedule(NamedTuple):
    """A sum set aside and paid in so many instalments, ``every`` ms. ``status``: active | done | stopped;
    ``next`` is the sealed time of the next one, 0 while provisional; parties pay and receive."""

    payer: bytes
    to: bytes
    unit: str
    amount: int
    paid: int
    instalments: int
    done: int
    every: int
    next: int
    revocable: bool
    cause: bytes  # the action or proposal that set it up
    status: str


class Payment(NamedTuple):
    """A payment of a firm that waits for its second signer. ``status``: waiting | paid | cancelled."""

    firm: bytes
    to: bytes
    unit: str
    amount: int
    memo: Ref | None
    by: bytes
    status: str
