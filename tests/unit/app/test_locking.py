"""Passphrase, system keyring and locking through the whole engine; links of devices and guardians read as text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import keyring
import pytest
import trio
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as NoBackend

from dao_app.app.errors import GuildhallError, InputError, Locked, StorageError
from dao_app.app.key_ring import KeyRing
from dao_app.app.locking import LOCK_AFTER_S_MAX, Locking
from dao_app.app.views import IdentityView
from dao_app.bootstrap.node import unlock
from dao_app.core.links import LinkError, to_link
from dao_app.core.tickets import GRANTED_MAX, DeviceGrant, DeviceRequest, Granted, OrgCard, RootRequest
from dao_app.crypto.keys import SeedSigner, seal_to
from tests.fakes.world import FakeClock
from tests.unit.app.test_use_cases import PASSPHRASE, Desk

OTHER = "another good passphrase"


class MemoryKeyring(KeyringBackend):
    """A system keyring in memory; ``broken``: its daemon does not answer."""

    priority = 5  # type: ignore[assignment]

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.broken = False

    def _check(self) -> None:
        if self.broken:
            raise RuntimeError("no daemon")

    def get_password(self, service: str, username: str) -> str | None:
        self._check()
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._check()
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@pytest.fixture
def system() -> Iterator[MemoryKeyring]:
    """The system's keyring for as long as the test runs."""
    before, made = keyring.get_keyring(), MemoryKeyring()
    keyring.set_keyring(made)
    yield made
    keyring.set_keyring(before)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def desk(home: Path) -> Iterator[Desk]:
    made = Desk(home)
    made.call("identity_create", name="Lin", passphrase=PASSPHRASE)
    made.call("org_create", name="Example", initial="1000")
    yield made
    made.handle.close()


def again(desk: Desk, home: Path) -> Desk:
    """The same folder after a restart."""
    desk.handle.close()
    return Desk(home)


def seeds(desk: Desk) -> dict[str, Any]:
    """Everything that is in memory of keys."""
    (opened,) = desk.service._ws.opened.values()
    org = opened.org
    return {"signer": org.signer, "keys": list(org.org_keys()), "witness": dict(org.witness_keys)}


def test_another_passphrase_opens_the_same_keys(desk: Desk, home: Path) -> None:
    with pytest.raises(Locked, match="passphrase_wrong"):
        desk.call("identity_passphrase", old=OTHER, new=OTHER)
    with pytest.raises(InputError, match="passphrase_length"):
        desk.call("identity_passphrase", old=PASSPHRASE, new="short")
    files = {p.name: p.read_bytes() for p in (home / "vault").iterdir()}
    words = desk.call("identity_words", passphrase=PASSPHRASE)
    desk.call("identity_passphrase", old=PASSPHRASE, new=OTHER)
    changed = {p.name for p in (home / "vault").iterdir() if p.read_bytes() != files.get(p.name)}
    assert changed == {"master.sealed"}  # the master key alone is sealed anew
    desk = again(desk, home)
    with pytest.raises(Locked, match="passphrase_wrong"):
        desk.call("identity_unlock", passphrase=PASSPHRASE)
    assert desk.call("identity_unlock", passphrase=OTHER).unlocked
    assert desk.call("identity_words", passphrase=OTHER) == words
    desk.call("task_open", org="", title="goes on")
    desk.handle.close()


def test_the_system_keyring_opens_it_and_the_passphrase_still_does(
    desk: Desk, home: Path, system: MemoryKeyring
) -> None:
    assert desk.call("identity_locking").keyring_available
    with pytest.raises(Locked, match="passphrase_wrong"):
        desk.call("identity_keyring", on=True, passphrase=OTHER)
    assert system.kept == {} and not desk.call("identity_locking").keyring
    assert desk.call("identity_keyring", on=True, passphrase=PASSPHRASE).keyring
    (secret,) = system.kept.values()
    assert secret.encode() not in b"".join(p.read_bytes() for p in home.rglob("*") if p.is_file())
    desk = again(desk, home)
    status = desk.call("identity_status")
    assert status.keyring and not status.unlocked
    assert desk.call("identity_unlock", passphrase="").unlocked
    desk.call("task_open", org="", title="goes on")
    desk = again(desk, home)
    assert desk.call("identity_unlock", passphrase=PASSPHRASE).unlocked
    desk.call("identity_keyring", on=False)
    assert system.kept == {}
    desk = again(desk, home)
    with pytest.raises(Locked, match="passphrase_wrong"):
        desk.call("identity_unlock", passphrase="")
    desk.handle.close()


def test_a_keyring_that_is_not_there_or_of_no_use_is_told(desk: Desk, home: Path) -> None:
    before = keyring.get_keyring()
    try:
        keyring.set_keyring(NoBackend())  # type: ignore[no-untyped-call]
        desk = again(desk, home)
        desk.call("identity_unlock", passphrase=PASSPHRASE)
        assert not desk.call("identity_locking").keyring_available
        with pytest.raises(Locked, match="keyring_missing"):
            desk.call("identity_keyring", on=True, passphrase=PASSPHRASE)
        system = MemoryKeyring()
        keyring.set_keyring(system)
        desk = again(desk, home)
        desk.call("identity_keyring", on=True, passphrase=PASSPHRASE)
        for kept, code in ((None, "keyring_empty"), ("00" * 32, "keyring_stale"), ("00", "keyring_stale")):
            system.kept = {} if kept is None else {entry(desk): kept}
            with pytest.raises(Locked, match=code):
                desk.call("identity_unlock", passphrase="")
        system.broken = True
        with pytest.raises(StorageError, match="keyring_failed"):
            desk.call("identity_unlock", passphrase="")
        assert desk.call("identity_unlock", passphrase=PASSPHRASE).unlocked
        desk.handle.close()
    finally:
        keyring.set_keyring(before)


def entry(desk: Desk) -> tuple[str, str]:
    return "guildhall", desk.service._ws.home.load_profile()["keyring"]


def test_locking_forgets_every_key_and_unlocking_brings_them_back(desk: Desk) -> None:
    before = seeds(desk)
    assert before["signer"] is not None and before["keys"] and before["witness"]
    assert not desk.call("identity_lock").unlocked
    assert seeds(desk) == {"signer": None, "keys": [], "witness": {}}
    assert desk.service._ws.vault is None
    assert desk.call("task_list", org="") == ()  # what is here can be read
    with pytest.raises(Locked, match="locked"):
        desk.call("task_open", org="", title="no")
    desk.call("identity_unlock", passphrase=PASSPHRASE)
    after = seeds(desk)
    assert after["keys"] == before["keys"] and after["witness"].keys() == before["witness"].keys()
    desk.call("task_open", org="", title="yes")


def test_it_locks_itself_after_a_time_without_use() -> None:
    clock, spawned = FakeClock(0), []

    class Folder:
        profile: ClassVar[dict[str, Any]] = {"lock_after_s": 600}
        vault: Any = object()
        home = property(lambda self: self)
        runtime = property(lambda self: self)

        def __init__(self) -> None:
            self.clock = clock

        def load_profile(self) -> dict[str, Any]:
            return self.profile

        def spawn(self, work: Any) -> None:
            spawned.append(work)

    folder = Folder()
    locking = Locking(folder)  # type: ignore[arg-type]
    for forward, used in ((599_000, True), (599_999, False)):
        clock.forward(forward)
        locking.tick()
        assert spawned == []
        if used:
            locking.used()
    clock.forward(1)
    locking.tick()
    locking.tick()
    assert spawned == [locking.lock]
    for odd in (0, -1, "x", True, LOCK_AFTER_S_MAX + 1):
        folder.profile["lock_after_s"] = odd
        assert Locking(folder).after_s in (0, 1)  # type: ignore[arg-type]
    folder.profile["lock_after_s"] = 0
    never = Locking(folder)  # type: ignore[arg-type]
    clock.forward(10**12)
    never.tick()
    assert len(spawned) == 1


def test_who_unlocks_while_hosts_are_stopping_is_online_again() -> None:
    started: list[Any] = []
    opened = SimpleNamespace(
        demo=False, online=True,
        org=SimpleNamespace(signer=object(), ring=KeyRing(b"o" * 32, lambda: None, lambda: False), witness_keys={},
                            witnessing=SimpleNamespace(begin=lambda: None)),
    )  # fmt: skip
    folder = SimpleNamespace(
        clock=FakeClock(0), vault=object(), opened={b"o": opened}, mark=lambda org, topics: None,
        mark_all=lambda org: None, start_network=started.append,
    )

    async def stop(org_id: bytes) -> None:
        folder.vault = object()  # unlocked meanwhile

    folder.network = SimpleNamespace(stop=stop)
    trio.run(Locking(folder).lock)  # type: ignore[arg-type]
    assert opened.org.signer is None and started == [opened] and not opened.online


def test_the_time_is_kept_and_every_gesture_counts(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="lock_after_bounds"):
        desk.call("identity_lock_after", seconds=-1)
    assert desk.call("identity_lock_after", seconds=600).lock_after_s == 600
    assert desk.call("identity_locking").lock_after_s == 600
    told: list[str] = []
    monkeypatch.setattr(Locking, "used", lambda self: told.append("used"))
    for method, params in (
        ("identity_used", {}), ("task_open", {"org": "", "title": "a task"}), ("identity_lock_after", {"seconds": 0}),
        ("identity_unlock", {"passphrase": PASSPHRASE}), ("task_list", {"org": ""}),
    ):  # fmt: skip
        desk.call(method, **params)
    assert len(told) == 4  # reading alone is what a window does by itself


def test_an_identity_may_follow_a_request_that_came_to_nothing(home: Path) -> None:
    desk = Desk(home)
    desk.call("device_request", name="Laptop", passphrase=PASSPHRASE)
    with pytest.raises(Locked, match="passphrase_wrong"):
        desk.call("identity_create", name="Lin", passphrase=OTHER)
    desk.call("identity_create", name="Lin", passphrase=PASSPHRASE)
    with pytest.raises(GuildhallError, match="identity_exists"):
        desk.call("device_request", name="Laptop", passphrase=PASSPHRASE)
    desk.handle.close()


def test_a_node_is_opened_by_the_keyring_and_else_by_the_passphrase() -> None:
    tried: list[str] = []

    class Folder:
        refused = ""
        on = True

        def identity_status(self) -> IdentityView:
            return IdentityView(True, False, keyring=self.on)

        def identity_unlock(self, passphrase: str) -> None:
            tried.append(passphrase)
            if passphrase == "" and self.refused:
                raise Locked(self.refused)

    folder = Folder()
    unlock(folder, lambda: "typed")  # type: ignore[arg-type]
    assert tried == [""]  # nobody was asked
    folder.refused = "keyring_empty"
    unlock(folder, lambda: "typed")  # type: ignore[arg-type]
    assert tried == ["", "", "typed"]
    folder.on = False
    unlock(folder, lambda: "typed")  # type: ignore[arg-type]
    assert tried[3:] == ["typed"]


def test_each_restoration_makes_a_device_key_of_its_own(tmp_path: Path) -> None:
    """Threat 38: from the same words, on two machines and again on one of them."""
    founder = Desk(tmp_path / "founder")
    _, words = founder.call("identity_create", name="Lin", passphrase=PASSPHRASE)
    founder.call("org_create", name="Example")
    card = founder.call("org_card", org="").link
    devices = [seeds(founder)["signer"].public]
    for name in ("one", "two"):
        desk = Desk(tmp_path / name)
        desk.call("identity_restore", words=" ".join(words), name="Lin", passphrase=PASSPHRASE)
        for _ in range(2):  # nobody took the first attempt
            assert desk.call("org_restore", link=card).stage == "searching"
            devices.append(seeds(desk)["signer"].public)
        desk.handle.close()
    founder.handle.close()
    assert len(set(devices)) == 5


# -- links -----------------------------------------------------------------------------------------
CARD = OrgCard(b"o" * 32, 7, b"a" * 32, ("/ip4/10.0.0.1/tcp/4001/p2p/x",))
TICKETS = [
    CARD, DeviceRequest(b"k" * 32, "Laptop", 5), RootRequest(b"k" * 32, "Wei", 5), DeviceGrant(b"k" * 32, b"s" * 99),
]  # fmt: skip


@pytest.mark.parametrize("ticket", TICKETS, ids=lambda ticket: type(ticket).__name__)
def test_links_survive_being_broken_and_are_told_apart(ticket: Any) -> None:
    kind = type(ticket)
    for text in (ticket.to_link(), ticket.to_text(), f"> {ticket.to_text()}", ticket.to_link().upper()):
        assert kind.from_text(text) == ticket
    for other in (kind_ for kind_ in map(type, TICKETS) if kind_ is not kind):
        with pytest.raises(LinkError, match="missing"):
            other.from_text(ticket.to_link())
    damaged = ticket.to_link()[:-1] + ("a" if ticket.to_link()[-1] != "a" else "b")
    with pytest.raises(LinkError, match="damaged"):
        kind.from_text(damaged)
    scheme = ticket.to_link().partition("/")[0] + "/"
    with pytest.raises(LinkError, match="newer"):
        kind.from_text(to_link(scheme, b"\x82\x02\x01"))
    for odd in (b"\x81\x01", b"\x80", b"\xff", b"\x85\x01\x01\x02\x03\x04", b"\x83\x01\x40\x40", b"\x00"):
        with pytest.raises(LinkError, match="damaged"):
            kind.from_text(to_link(scheme, odd))


def test_a_grant_holds_what_was_granted_and_shows_nothing(tmp_path: Path) -> None:
    signer = SeedSigner(b"s" * 32)
    granted = Granted(b"e" * 32, "Wei", (CARD,) * GRANTED_MAX)
    sealed = seal_to(signer.public, granted.encoded())
    grant = DeviceGrant.from_text(DeviceGrant(signer.public, sealed).to_text())
    opened = signer.unseal(grant.sealed)
    assert opened is not None and Granted.decoded(opened) == granted
    assert SeedSigner(b"t" * 32).unseal(grant.sealed) is None
    assert b"e" * 32 not in sealed and "e" * 10 not in repr(granted)
    for odd in (b"", b"\x80", b"\x83\x40\x61x\x80", Granted(b"e" * 32, "", ()).encoded()):
        assert Granted.decoded(odd) is None
    assert Granted.decoded(Granted(b"e" * 32, "x", (CARD,) * (GRANTED_MAX + 1)).encoded()) is None
