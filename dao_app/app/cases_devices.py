"""Use cases around a member's devices: adding one from the first, coming in by the root, revoking, address cards."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from dao_app.app import views as v
from dao_app.app import views_devices as d
from dao_app.app.cases_identity import NAME_BYTES_MAX, IdentityCases
from dao_app.app.entering import keep_secrets
from dao_app.app.errors import GuildhallError, InputError, Locked, NotFound
from dao_app.app.organisation import Organisation
from dao_app.app.queries import Reader, fingerprint
from dao_app.app.resolve import PREFIX_DIGITS_MIN, one_line
from dao_app.app.workspace import Opened
from dao_app.core.encoding import decode, digest, encode
from dao_app.core.entities import Device, Member
from dao_app.core.envelope import (
    CERTIFY_TYPE,
    build_payload,
    device_message,
    pack,
    parse_trusted,
    revoke_message,
    signed_message,
    unpack_trusted,
)
from dao_app.core.invitation import Invitation
from dao_app.core.keys import device_key, member_key
from dao_app.core.links import ADDRESSES_MAX, LinkError
from dao_app.core.tickets import GRANT_ADDRESSES_MAX, GRANTED_MAX, WORDS, DeviceGrant, DeviceRequest, Granted, OrgCard
from dao_app.core.words import words_for

REQUEST = "request"  # secret of a device that waits for its grant
LABELS = "device_labels"
LABEL_BYTES_MAX = 120
CUT_OFF_S = 10  # without a link to anybody: then a device that is in by its own log may come in anew
T = TypeVar("T")


class DeviceCases(IdentityCases):
    """Part of ``app.api.Api``."""

    # -- what there is ---------------------------------------------------------------------------
    def device_list(self, org: str) -> tuple[d.DeviceRow, ...]:
        opened, reader = self._read(org)
        return tuple(self._device_row(opened, reader, device) for device in self._own_devices(opened, reader))

    def _own_devices(self, opened: Opened, reader: Reader) -> list[bytes]:
        """This one first, then by when they came in."""
        here = _here(opened.org)
        own = []
        for device in opened.org.heads():
            row = reader.state.get(device_key(device), Device)
            if row is not None and row.member == reader.member:
                own.append((device != here, row.since, device))
        return [device for _, _, device in sorted(own)]

    def _device_row(self, opened: Opened, reader: Reader, device: bytes) -> d.DeviceRow:
        org = opened.org
        row = reader.state.need(device_key(device), Device)
        first, last = org.store.at(device, 1), org.store.at(device, org.heads()[device].seq)
        here = device == _here(org)
        network = self._ws.network
        peers = network.peers(org.org_id) if network is not None and opened.online else ()
        peer = next((peer for peer in peers if peer.device == device), None)
        written = parse_trusted(last.id, last.payload).at if last is not None else None
        status = _status(row, org.replay.final.entity(device_key(device)))
        can = ("label", "revoke") if row.status == "active" and org.signer is not None else ("label",)
        return d.DeviceRow(
            device.hex(),
            fingerprint(device),
            self._labels(opened).get(device.hex(), ""),
            status,
            here,
            parse_trusted(first.id, first.payload).at if first is not None else None,
            peer.seen_ms if peer is not None and peer.seen_ms else written,
            (here and org.signer is not None) or (peer is not None and peer.connected),
            can,
        )

    def _labels(self, opened: Opened) -> dict[str, str]:
        kept = opened.org.store.meta(LABELS)
        return dict(decode(kept)) if kept else {}

    def device_label(self, org: str, device: str, label: str) -> d.DeviceRow:
        opened, reader = self._read(org)
        key = self._device(opened, reader, device)
        labels = self._labels(opened)
        labels.pop(key.hex(), None)
        if label.strip():
            labels[key.hex()] = one_line(label, "label", LABEL_BYTES_MAX)
        opened.org.store.set_meta(LABELS, encode(labels))
        self._ws.mark(opened.org.org_id, {"devices"})
        return self._device_row(opened, reader, key)

    def _device(self, opened: Opened, reader: Reader, name: str) -> bytes:
        text = name.strip()
        digits, labels = text.replace(" ", "").lower(), self._labels(opened)
        own = self._own_devices(opened, reader)
        found = [
            key for key in own
            if (len(digits) >= PREFIX_DIGITS_MIN and key.hex().startswith(digits)) or labels.get(key.hex()) == text
        ]  # fmt: skip
        if len(found) != 1:
            raise NotFound("device_unknown" if not found else "name_ambiguous", name=text[:80])
        return found[0]

    def device_revoke(self, org: str, device: str) -> v.Stamp:
        opened, reader = self._read(org)
        key, root = self._device(opened, reader, device), self._ws.root()
        signature = root.sign(revoke_message(opened.org.org_id, key))
        action = self._write(opened, "device.revoke", {"device": key, "root": root.public, "sig": signature})
        return self._reader(opened).stamp(action.id)

    # -- a new device, from the first one --------------------------------------------------------
    def device_request(self, name: str, passphrase: str) -> d.DeviceRequestView:
        ws = self._ws
        if ws.home.load_profile().get("member"):
            raise GuildhallError("identity_exists")
        name = one_line(name, "name", NAME_BYTES_MAX)
        vault = ws.vault = self._vault_for(passphrase)
        kept = vault.get(REQUEST)
        if kept is None:
            kept = encode([ws.random.token(32), name, ws.clock.now_ms()])
            vault.put(REQUEST, kept)
        seed, name, created = decode(kept)
        return _request_view(DeviceRequest(ws.keys.signer(seed).public, name, created))

    def device_read(self, link: str) -> d.DeviceRequestView:
        return _request_view(read(DeviceRequest.from_text, link))

    def device_grant(self, link: str, passphrase: str) -> d.DeviceGrantView:
        ws = self._ws
        request = read(DeviceRequest.from_text, link)
        entropy = ws.home.open_vault(passphrase).get("identity")
        if entropy is None:
            raise Locked("no_identity")
        orgs = [opened for opened in ws.opened.values() if self._is_in(opened)][:GRANTED_MAX]
        cards = tuple(self._card(opened, GRANT_ADDRESSES_MAX) for opened in orgs)
        name = str(ws.home.load_profile().get("name", ""))
        sealed = ws.keys.seal_to(request.key, Granted(entropy, name, cards).encoded())
        grant = DeviceGrant(request.key, sealed)
        names = tuple(founded.name if (founded := opened.org.founded()) else "" for opened in orgs)
        words = words_for(request.key, WORDS)
        return d.DeviceGrantView(grant.to_link(), grant.to_text(), words, request.name, names)

    def _is_in(self, opened: Opened) -> bool:
        if opened.demo:
            return False
        member = self._ws.member_in(opened)
        found = opened.org.replay.final.entity(member_key(member)) if member is not None else None
        return isinstance(found, Member) and found.status not in ("left", "expelled")

    async def device_accept(self, link: str, wait_s: int = 0) -> tuple[v.JoinView, ...]:
        ws = self._ws
        grant, vault = read(DeviceGrant.from_text, link), ws.need_vault()
        kept = vault.get(REQUEST)
        if kept is None:
            raise NotFound("device_no_request")
        signer = ws.keys.signer(decode(kept)[0])
        if grant.key != signer.public:
            raise InputError("device_grant_other")
        opened = signer.unseal(grant.sealed)
        granted = Granted.decoded(opened) if opened is not None else None
        if granted is None:
            raise InputError("link_damaged")
        here, member = ws.home.load_profile().get("member"), ws.keys.signer(ws.keys.root_seed(granted.entropy)).public
        if here and here != member.hex():
            raise GuildhallError("identity_exists")
        if not here:
            self._settle_in(vault, granted.entropy, granted.name or "?", words_confirmed=True)
        for card in granted.cards:
            if not self._is_begun(card.org):
                await self._come_in(card, 0)
        if wait_s:
            await ws.wait_for(lambda: all(self._is_settled(card.org) for card in granted.cards), wait_s)
        vault.delete(REQUEST)  # last: until then the answer can be given again
        return tuple(self._joining(card.org) for card in granted.cards)

    def _is_begun(self, org_id: bytes) -> bool:
        """Is this device in, or has it signed and kept what brings it in?"""
        opened = self._ws.opened.get(org_id)
        return opened is not None and (opened.join_waits or opened.org.store.counts().actions > 0)

    def _is_settled(self, org_id: bytes) -> bool:
        return self._joining(org_id).stage in ("done", "refused")

    # -- address cards, and coming in by the root key --------------------------------------------
    def org_card(self, org: str) -> d.OrgCardView:
        opened = self._ws.find(org)
        card = self._card(opened, ADDRESSES_MAX)
        return d.OrgCardView(card.to_link(), card.to_text(), card.org.hex(), card.addresses)

    def _card(self, opened: Opened, most: int) -> OrgCard:
        network = self._ws.network
        own = network.addresses(opened.org.org_id) if network is not None and opened.online else ()
        position = opened.org.replay.position
        addresses = tuple(dict.fromkeys([*own[: max(1, most // 2)], *opened.book.proven(most), *own]))[:most]
        return OrgCard(opened.org.org_id, position.height, position.id, addresses)

    async def org_restore(self, link: str, wait_s: int = 0) -> v.JoinView:
        return await self._come_in(read_card(link), wait_s)

    async def _come_in(self, card: OrgCard, wait_s: int) -> v.JoinView:
        """Certify a new device of this folder's member through any peer of the organisation."""
        ws, name = self._ws, card.org.hex()
        vault, root = ws.need_vault(), ws.root()
        opened = ws.opened.get(card.org)
        if opened is not None and self._is_in_already(opened):
            if not await self._is_cut_off(opened):
                raise InputError("already_joined")
            await ws.entering.begin_anew(opened, card.addresses)
        elif opened is not None:
            opened = await self._forget_attempt(opened)
        if opened is None:
            seed = ws.random.token(32)
            device = ws.keys.signer(seed)
            certificate = root.sign(device_message(card.org, device.public))
            keep_secrets(vault, card.org, seed, certificate, root.public, device.public)
            opened = ws.open(card.org)
            opened.join = v.JoinView(name, "searching", 0, 0)
            body = {"root": root.public, "cert": certificate}
            payload = build_payload(card.org, device.public, 1, None, (), ws.clock.now_ms(), CERTIFY_TYPE, body)
            opened.org.set_anchor(card.anchor_height, card.anchor_id)
            opened.org.store.set_meta("join", pack(payload, device.sign(signed_message(digest(payload)))))
        vault.put(f"{name}.join", card.to_link().encode())
        ws.entering.start(opened, card)
        ws.mark_all(card.org, "orgs", "join")
        if wait_s:
            await ws.wait_for(lambda: self._is_settled(card.org), wait_s)
        return self._joining(card.org)

    def _is_in_already(self, opened: Opened) -> bool:
        """False for an attempt, also one that was cut off before its request was kept."""
        if opened.join is None:
            return opened.org.store.counts().actions > 0
        return opened.join.stage == "done"

    async def _is_cut_off(self, opened: Opened) -> bool:
        """Does nobody meet this device? It was revoked while away, or holds no key of the organisation that still
        serves; a sole witness lacks nobody."""
        ws, org = self._ws, opened.org
        network = ws.network
        if network is None or not opened.online or org.is_sole_witness():
            return False
        return not await ws.wait_for(lambda: any(peer.connected for peer in network.peers(org.org_id)), CUT_OFF_S)

    async def _forget_attempt(self, opened: Opened) -> Opened | None:
        """An attempt that nobody has taken yet makes room for another: by a device key of its own."""
        org = opened.org
        if org.store.meta("join_taken") or org.store.counts().actions:
            raise InputError("join_under_way")
        if self._ws.network is not None and opened.online:
            await self._ws.network.stop(org.org_id)
            opened.online = False
        self._ws.close(org.org_id)
        self._ws.home.remove_store(org.org_id)
        return None

    def _joining(self, org_id: bytes) -> v.JoinView:
        return self._ws.opened[org_id].join or v.JoinView(org_id.hex(), "done", 0, 0)


def _here(org: Organisation) -> bytes:
    """This machine's device, also while it is locked: the one that asked to come in from here, or the founder's."""
    if org.signer is not None:
        return org.signer.public
    asked = org.join_envelope()
    founding = org.store.records([org.org_id])
    payload = unpack_trusted(asked)[0] if asked else founding[0].payload if founding else b""
    return parse_trusted(digest(payload), payload).by if payload else b""


def _status(now: Device, final: object) -> str:
    """As it is told: what is not final yet has not happened."""
    if not isinstance(final, Device):
        return "joining"
    return "revoking" if now.status == "revoked" and final.status == "active" else now.status


def _request_view(request: DeviceRequest) -> d.DeviceRequestView:
    return d.DeviceRequestView(
        request.to_link(), request.to_text(), words_for(request.key, WORDS), request.name, request.created_ms
    )


def read(parse: Callable[[str], T], text: str) -> T:
    """A link in any text. Raises InputError with what is wrong with it."""
    try:
        return parse(text)
    except LinkError as error:
        raise InputError(f"link_{error.reason}") from error


def read_card(text: str) -> OrgCard:
    """An address card, or what an invitation says of addresses. Raises InputError."""
    try:
        return OrgCard.from_text(text)
    except LinkError:
        found = read(Invitation.from_text, text)
        return OrgCard(found.org, found.anchor_height, found.anchor_id, found.addresses)
