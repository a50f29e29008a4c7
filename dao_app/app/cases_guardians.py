"""Use cases around guardians: naming them, asking them for another root key, approving and refusing one."""

from __future__ import annotations

from collections.abc import Sequence

from dao_app.app import views as v
from dao_app.app import views_devices as d
from dao_app.app.cases import Cases
from dao_app.app.cases_devices import read
from dao_app.app.errors import InputError, Locked, Refused
from dao_app.app.queries import Reader, fingerprint
from dao_app.app.resolve import member_root
from dao_app.core.envelope import guardians_message
from dao_app.core.key_entities import Guardians
from dao_app.core.keys import guardians_key
from dao_app.core.limits import GUARDIANS_MAX
from dao_app.core.rules.rejections import Rejection
from dao_app.core.tickets import WORDS, RootRequest
from dao_app.core.words import words_for


class GuardianCases(Cases):
    """Part of ``app.api.Api``."""

    def guardian_list(self, org: str) -> d.GuardiansView:
        _, reader = self._read(org)
        me = reader.member or b""
        own = reader.state.get(guardians_key(me), Guardians)
        wards = []
        for root in reader.roots():
            found = reader.state.get(guardians_key(root), Guardians)
            if found is not None and me in found.guardians:
                wards.append(_ward(reader, root, found, me))
        if own is None:
            return d.GuardiansView((), 0, (), tuple(wards))
        people = tuple(reader.person(root) for root in own.guardians)
        return d.GuardiansView(people, own.needed, _waiting(reader, me, own, ("refuse",)), tuple(wards))

    def guardian_set(self, org: str, members: Sequence[str], needed: int) -> v.Stamp:
        opened, reader = self._read(org)
        self._need_signer(opened)
        if len(members) > GUARDIANS_MAX:
            raise InputError("guardians_many", most=GUARDIANS_MAX)
        if needed < 0:
            raise Refused(f"reject.{Rejection.GUARDIANS_BAD.value}")
        names = sorted(member_root(reader, name) for name in members)
        before = reader.state.get(guardians_key(reader.member or b""), Guardians)
        root, version = self._ws.root(), (before.version if before is not None else 0) + 1
        signature = root.sign(guardians_message(opened.org.org_id, root.public, version, needed, names))
        body = {"guardians": names, "needed": needed, "version": version, "root": root.public, "sig": signature}
        action = self._write(opened, "guardian.set", body)
        return self._reader(opened).stamp(action.id)

    def guardian_request(self) -> d.GuardianRequestView:
        profile = self._ws.home.load_profile()
        member = self._ws.member()
        if member is None:
            raise Locked("no_identity")
        return _request_view(RootRequest(member, str(profile.get("name", "")) or "?", self._ws.clock.now_ms()))

    def guardian_read(self, link: str) -> d.GuardianRequestView:
        return _request_view(read(RootRequest.from_text, link))

    def guardian_approve(self, org: str, member: str, link: str) -> v.Stamp:
        opened, reader = self._read(org)
        request = read(RootRequest.from_text, link)
        body = {"member": member_root(reader, member), "root": request.key}
        action = self._write(opened, "guardian.approve", body)
        return self._reader(opened).stamp(action.id)

    def guardian_refuse(self, org: str) -> v.Stamp:
        opened, reader = self._read(org)
        action = self._write(opened, "guardian.refuse", {"member": reader.member or b""})
        return self._reader(opened).stamp(action.id)


def _request_view(request: RootRequest) -> d.GuardianRequestView:
    return d.GuardianRequestView(
        request.to_link(), request.to_text(), words_for(request.key, WORDS), request.name, fingerprint(request.key),
        request.created_ms,
    )


def _waiting(reader: Reader, member: bytes, found: Guardians, can: tuple[str, ...]) -> tuple[d.RekeyView, ...]:
    """One row for each key that a guardian approved; the one that is under way first."""
    keys = sorted({root for _, root in found.approvals}, key=lambda root: (root != found.root, root))
    return tuple(
        d.RekeyView(
            reader.person(member),
            fingerprint(root),
            words_for(root, WORDS),
            tuple(reader.person(guardian) for guardian, approved in found.approvals if approved == root),
            found.needed,
            found.until if root == found.root else 0,
            can,
        )
        for root in keys
    )


def _ward(reader: Reader, member: bytes, found: Guardians, me: bytes) -> d.WardRow:
    approved = me in dict(found.approvals)
    return d.WardRow(
        reader.person(member),
        tuple(reader.person(root) for root in found.guardians),
        found.needed,
        _waiting(reader, member, found, ()),
        approved,
        () if found.root else ("approve",),
    )
