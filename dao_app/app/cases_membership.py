"""Use cases around organisations, invitations and joining."""

from __future__ import annotations

from typing import Any

from dao_app.app import views as v
from dao_app.app.cases import Cases
from dao_app.app.entering import keep_secrets, ticket_of
from dao_app.app.errors import InputError, NotFound
from dao_app.app.queries import Reader, fingerprint
from dao_app.app.resolve import minor, object_id, one_line
from dao_app.app.workspace import ALL_TOPICS, Opened
from dao_app.core.encoding import Link, digest, encode
from dao_app.core.entities import Device, Emergency, Invite, Member, Totals, Unit
from dao_app.core.envelope import GENESIS_TYPE, bearer_message, build_payload, device_message, pack, signed_message
from dao_app.core.errors import EncodingError
from dao_app.core.invitation import Invitation
from dao_app.core.keys import EMERGENCY_KEY, TOTALS_KEY, device_key, invite_key, member_key, unit_key
from dao_app.core.limits import INT_MAX, INVITE_LIFETIME_MS_MAX, INVITE_USES_MAX, TITLE_BYTES_MAX
from dao_app.core.links import LinkError
from dao_app.core.org_keys import key_id
from dao_app.core.rules.charter import MODULES, check_charter, parameter, parameter_of
from dao_app.core.rules.founding import DECIMALS_MAX
from dao_app.core.rules.members import has_vote
from dao_app.core.rules.membership import JOIN
from dao_app.core.rules.roles import INVITABLE
from dao_app.core.rules.schema import NAME_BYTES_MAX
from dao_app.core.words import words_for

INVITE_WORDS = 4
OWN_TOLD_MAX, KNOWN_TOLD_MAX = 4, 4  # addresses in an invitation: this device's, and of peers that answered


class MembershipCases(Cases):
    """Part of ``app.api.Api``."""

    # -- organisations -----------------------------------------------------------------------------
    def org_list(self) -> tuple[v.OrgRow, ...]:
        return tuple(org_row(self._reader(o), o) for o in self._ws.opened.values())

    def org_create(
        self,
        name: str,
        purpose: str = "",
        unit: str = "GLD",
        unit_name_en: str = "",
        unit_name_zh: str = "",
        decimals: int = 2,
        cap: str = "1000000",
        initial: str = "0",
        parameters: dict[str, int] | None = None,
    ) -> v.OrgRow:
        root = self._ws.root()
        code = one_line(unit, "unit", NAME_BYTES_MAX)
        if not 0 <= decimals <= DECIMALS_MAX:
            raise InputError("decimals_bounds", most=DECIMALS_MAX)
        cap_minor = minor(cap, decimals)
        initial_minor = minor(initial, decimals) if initial.strip() not in ("", "0") else 0
        if initial_minor > cap_minor:
            raise InputError("initial_above_cap")
        charter = _charter(parameters or {})
        secrets = [self._ws.random.token(32) for _ in range(3)]
        device, witness = self._ws.keys.signer(secrets[0]), self._ws.keys.signer(secrets[1])
        body: dict[str, Any] = {
            "name": one_line(name, "name", TITLE_BYTES_MAX),
            "purpose": one_line(purpose, "purpose", TITLE_BYTES_MAX) if purpose.strip() else "",
            "charter": charter,
            "units": [[code, unit_name_en or code, unit_name_zh or unit_name_en or code, decimals, cap_minor]],
            "initial": [[code, initial_minor]] if initial_minor else [],
            "root": root.public,
            "cert": root.sign(device_message(None, device.public)),
            "witness": witness.public,
            "key": key_id(b"", 0, secrets[2]),
            "nonce": self._ws.random.token(16),
        }
        profile, blob = self._profile()
        body["profile"] = profile
        payload = build_payload(None, device.public, 1, None, (), self._ws.clock.now_ms(), GENESIS_TYPE, body)
        org_id = digest(payload)
        signature, vault = root.sign(device_message(org_id, device.public)), self._ws.need_vault()
        keep_secrets(vault, org_id, secrets[0], signature, root.public, device.public)
        vault.put(f"{org_id.hex()}.witness", encode([secrets[1]]))
        opened = self._ws.open(org_id)
        opened.org.admit_now([pack(payload, device.sign(signed_message(org_id)))])
        opened.org.add_content(blob)
        opened.org.seal()
        opened.org.ring.hold(0, secrets[2])
        self._ws.mark(org_id, ALL_TOPICS | {"orgs"})
        self._ws.start_network(opened)
        return org_row(self._reader(opened), opened)

    def _profile(self) -> tuple[dict[str, Any], bytes]:
        name = str(self._ws.home.load_profile().get("name", ""))
        blob = self._ws.random.token(32) + name.encode()
        return {"hash": digest(blob), "size": len(blob) - 32, "kind": "profile"}, blob

    def org_show(self, org: str) -> v.OrgView:
        opened, reader = self._read(org)
        founded = reader.founded()
        if founded is None:
            raise NotFound("not_synced")
        units = []
        for code in founded.units:
            entity = reader.state.need(unit_key(code), Unit)
            units.append(v.UnitView(code, entity.name_en, entity.name_zh, entity.decimals, entity.supply, entity.cap))
        return v.OrgView(
            org_row(reader, opened),
            founded.purpose,
            reader.action(opened.org.org_id).at,
            tuple(units),
            tuple(v.ParameterView(k, str(value), _unit_of(k)) for k, value in founded.charter),
            reader.person(reader.member) if reader.member else None,
            tuple(sorted(reader.permissions())),
            tuple(name for name in MODULES if parameter(reader.state, f"module_{name}")),
            _stopped_until(reader),
        )

    # -- members -------------------------------------------------------------------------------------
    def member_list(self, org: str) -> tuple[v.MemberRow, ...]:
        opened, reader = self._read(org)
        network = self._ws.network
        peers = network.peers(opened.org.org_id) if network is not None and opened.online else ()
        online = {p.device for p in peers if p.connected}
        devices = devices_by_member(reader)
        reader.look_ahead(reader.state.need(member_key(root), Member).action for root in reader.roots())
        return tuple(self._member_row(reader, root, devices.get(root, []), online) for root in reader.roots())

    def _member_row(self, reader: Reader, root: bytes, devices: list[bytes], online: set[bytes]) -> v.MemberRow:
        member = reader.state.need(member_key(root), Member)
        stamp = reader.stamp(member.action)
        here = reader.org.signer is not None and reader.org.signer.public in devices
        return v.MemberRow(
            reader.person(root),
            member.roles,
            "joining" if member.action in reader.org.replay.pending else member.status,
            reader.person(member.invited_by) if member.invited_by else None,
            stamp.at_ms,
            "1" if has_vote(member) else "0",
            tuple(fingerprint(d) for d in devices),
            here or any(d in online for d in devices),
            stamp,
            member.stances,
        )

    # -- invitations ---------------------------------------------------------------------------------
    def invite_create(
        self, org: str, role: str = "member", uses: int = 1, lifetime_s: int = 604_800, note: str = ""
    ) -> v.InviteCreated:
        opened, _ = self._read(org)
        if role not in INVITABLE:
            raise InputError("role_unknown", role=role[:40], roles=", ".join(INVITABLE))
        if not 1 <= uses <= INVITE_USES_MAX:
            raise InputError("uses_bounds", most=INVITE_USES_MAX)
        if not 1 <= lifetime_s * 1000 <= INVITE_LIFETIME_MS_MAX:
            raise InputError("period_bounds", name="lifetime", seconds=lifetime_s)
        seed = self._ws.random.token(32)
        bearer = self._ws.keys.signer(seed)
        vault = self._ws.need_vault()
        body = {"bearer": bearer.public, "role": role, "uses": uses, "lifetime": lifetime_s * 1000}
        action = self._write(opened, "invite.create", body, text=(note, "note"))
        vault.put(f"{opened.org.org_id.hex()}.invite.{action.id.hex()}", seed)
        return self._created(opened, action.id)

    def invite_show(self, org: str, invite: str) -> v.InviteCreated:
        opened, reader = self._read(org)
        return self._created(opened, object_id(reader, "invite", invite))

    def _created(self, opened: Opened, id_: bytes) -> v.InviteCreated:
        name = f"{opened.org.org_id.hex()}.invite.{id_.hex()}"
        seed = self._ws.need_vault().get(name)
        reader = self._reader(opened)
        entity = reader.state.get(invite_key(id_), Invite)
        if seed is None or entity is None:
            raise NotFound("invite_elsewhere")
        at = reader.action(id_).at
        network = self._ws.network
        addresses = network.addresses(opened.org.org_id) if network is not None and opened.online else ()
        position = opened.org.replay.position
        assert reader.member is not None
        invitation = Invitation(
            org=opened.org.org_id,
            invite=id_,
            created_ms=at,
            anchor_height=position.height,
            anchor_id=position.id,
            bearer_seed=seed,
            addresses=tuple(dict.fromkeys([*addresses[:OWN_TOLD_MAX], *opened.book.proven(KNOWN_TOLD_MAX)])),
            expires_ms=entity.expires or at + entity.lifetime,
            role=entity.role,
            inviter=reader.member or b"",
        )
        words = words_for(self._ws.keys.signer(seed).public, INVITE_WORDS)
        return v.InviteCreated(id_.hex(), invitation.to_link(), invitation.to_text(), words, entity.lifetime)

    def invite_list(self, org: str) -> tuple[v.InviteRow, ...]:
        opened, reader = self._read(org)
        rows = []
        for id_ in reversed(reader.org.store.of_type("invite.create")):
            entity = reader.state.get(invite_key(id_), Invite)
            if entity is None:
                continue
            can = list(reader.can([("revoke", "invite.revoke", {"invite": Link(id_)})]))
            name = f"{opened.org.org_id.hex()}.invite.{id_.hex()}"
            if self._ws.vault is not None and self._ws.vault.get(name) is not None:
                can.append("show")
            rows.append(
                v.InviteRow(
                    id_.hex(),
                    entity.role,
                    reader.person(entity.inviter),
                    entity.uses,
                    entity.used,
                    entity.expires or None,
                    entity.status,
                    reader.text(entity.note) or "",
                    reader.object_stamp(id_),
                    tuple(can),
                )
            )
        return tuple(rows)

    def invite_revoke(self, org: str, invite: str) -> v.Stamp:
        opened, reader = self._read(org)
        id_ = object_id(reader, "invite", invite)
        action = self._write(opened, "invite.revoke", {"invite": Link(id_)})
        return self._reader(opened).stamp(action.id)

    def invite_read(self, link: str) -> v.InvitePreview:
        invitation = read_invitation(link)
        return v.InvitePreview(
            invitation.org.hex(),
            invitation.role,
            fingerprint(invitation.inviter),
            invitation.expires_ms,
            invitation.addresses,
            words_for(self._ws.keys.signer(invitation.bearer_seed).public, INVITE_WORDS),
            invitation.anchor_height,
        )

    # -- joining -------------------------------------------------------------------------------------
    async def join(self, link: str, wait_s: int = 0) -> v.JoinView:
        invitation = read_invitation(link)
        root = self._ws.root()
        if invitation.expires_ms < self._ws.clock.now_ms():
            raise InputError("invite_expired")
        opened = self._ws.opened.get(invitation.org)
        if opened is not None and opened.org.signer is not None and opened.join is None:
            raise InputError("already_joined")
        if opened is not None:
            opened = await self._forget_request(opened, invitation)
        if opened is None:
            seed = self._ws.random.token(32)
            device = self._ws.keys.signer(seed)
            certificate = root.sign(device_message(invitation.org, device.public))
            vault = self._ws.need_vault()
            keep_secrets(vault, invitation.org, seed, certificate, root.public, device.public)
            vault.put(f"{invitation.org.hex()}.join", invitation.to_link().encode())
            opened = self._ws.open(invitation.org)
            opened.join = v.JoinView(invitation.org.hex(), "searching", 0, 0)
            self._make_join(opened, invitation, certificate)
        self._ws.entering.start(opened, invitation)
        self._ws.mark(invitation.org, ALL_TOPICS | {"orgs", "join"})
        if wait_s:
            await self._ws.wait_for(
                lambda: self.join_status(opened.org.org_id.hex()).stage in ("done", "refused"), wait_s
            )
        return self.join_status(invitation.org.hex())

    async def _forget_request(self, opened: Opened, invitation: Invitation) -> Opened | None:
        """Make room for another request, if the earlier one came to nothing: nobody has taken it, or it was
        refused. A new device key asks then, so that no sequence number is used twice."""
        org, vault, name = opened.org, self._ws.need_vault(), f"{opened.org.org_id.hex()}.join"
        kept, begun = vault.get(name), bool(org.store.meta("join"))
        if kept is None or (begun and kept.decode() == invitation.to_link()):
            return opened
        earlier = ticket_of(kept)
        same = begun and isinstance(earlier, Invitation) and earlier.invite == invitation.invite
        if not same and (org.store.meta("join_taken") or org.store.counts().actions):
            raise InputError("join_under_way")
        if self._ws.network is not None and opened.online:
            await self._ws.network.stop(org.org_id)
            opened.online = False
        if same:  # shown anew: it may name other addresses
            vault.put(name, invitation.to_link().encode())
            return opened
        self._ws.close(org.org_id)
        self._ws.home.remove_store(org.org_id)
        return None

    def _make_join(self, opened: Opened, invitation: Invitation, certificate: bytes) -> None:
        """Sign ``member.join`` once and keep it: a sequence number is never used twice."""
        org, root, bearer = opened.org, self._ws.root(), self._ws.keys.signer(invitation.bearer_seed)
        assert org.signer is not None
        profile, blob = self._profile()
        body = {
            "invite": Link(invitation.invite),
            "root": root.public,
            "cert": certificate,
            "proof": bearer.sign(bearer_message(org.org_id, root.public, org.signer.public)),
            "profile": profile,
        }
        assert JOIN.accepts(body)
        at = max(self._ws.clock.now_ms(), invitation.created_ms)
        payload = build_payload(org.org_id, org.signer.public, 1, None, (invitation.invite,), at, "member.join", body)
        envelope = pack(payload, org.signer.sign(signed_message(digest(payload))))
        org.set_anchor(invitation.anchor_height, invitation.anchor_id)
        org.store.set_meta("join", envelope)
        org.store.set_meta("join_profile", blob)

    def join_status(self, org: str) -> v.JoinView:
        opened = self._ws.find(org)
        return opened.join or v.JoinView(opened.org.org_id.hex(), "done", 0, 0)


def read_invitation(text: str) -> Invitation:
    """An invitation in any text. Raises InputError with what is wrong with it."""
    try:
        return Invitation.from_text(text)
    except LinkError as error:
        raise InputError(f"invite_{error.reason}") from error
    except EncodingError as error:
        raise InputError("invite_damaged") from error


def _charter(values: dict[str, int]) -> dict[str, int]:
    for key, value in values.items():
        if type(value) is not int or not 0 <= value <= INT_MAX:
            raise InputError("charter_value", key=str(key)[:40], value=str(value)[:40])
    rejection = check_charter(values)
    if rejection is not None:
        raise InputError(f"reject.{rejection.value}")
    return values


def _stopped_until(reader: Reader) -> int | None:
    found = reader.state.get(EMERGENCY_KEY, Emergency)
    return found.until or None if found is not None else None


def _unit_of(name: str) -> str:
    found = parameter_of(name)
    return found.unit if found is not None else ""


def devices_by_member(reader: Reader) -> dict[bytes, list[bytes]]:
    """Devices of each member in the order of their heads."""
    found: dict[bytes, list[bytes]] = {}
    for device in sorted(reader.org.heads()):
        entity = reader.state.get(device_key(device), Device)
        if entity is not None:
            found.setdefault(entity.member, []).append(device)
    return found


def org_row(reader: Reader, opened: Opened) -> v.OrgRow:
    """The organisation in the switcher; one that is not synced yet has no name."""
    founded = reader.founded()
    member = reader.state.get(member_key(reader.member), Member) if reader.member else None
    totals = reader.state.get(TOTALS_KEY, Totals)
    if opened.join is not None and opened.join.stage != "done":
        membership = "refused" if opened.join.stage == "refused" else "joining"
    else:
        membership = "active" if member is not None and member.status == "active" else "none"
    return v.OrgRow(
        opened.org.org_id.hex(),
        founded.name if founded else "",
        totals.members if totals else 0,
        membership,
        member.roles if member else (),
        opened.demo,
    )
