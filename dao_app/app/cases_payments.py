"""Use cases of payment requests and scheduled payments."""

from __future__ import annotations

from typing import Any

from dao_app.app import views as v
from dao_app.app import views_governance as g
from dao_app.app.cases import Cases
from dao_app.app.effects_form import amount_of
from dao_app.app.errors import NotFound
from dao_app.app.queries import Reader
from dao_app.app.resolve import ids_by_prefix, member_root, minor, party, period_ms, unit
from dao_app.core.encoding import Link
from dao_app.core.entities import PaymentRequest, Schedule
from dao_app.core.keys import TREASURY, request_key, schedule_key
from dao_app.core.rules.effects import scheduled_by


class PaymentCases(Cases):
    """Part of ``app.api.Api``."""

    # -- requests --------------------------------------------------------------------------------
    def payment_requests(self, org: str) -> tuple[g.RequestRow, ...]:
        _, reader = self._read(org)
        ids = reader.org.store.of_type("payment.request")
        found = [(id_, reader.state.get(request_key(id_), PaymentRequest)) for id_ in ids]
        rows = [request_row(reader, id_) for id_, one in found if one is not None and _concerns(reader, one)]
        return tuple(sorted(rows, key=lambda row: (row.status != "open", -row.stamp.at_ms)))

    def payment_request(
        self, org: str, payer: str, amount: str, unit_code: str = "", memo: str = ""
    ) -> g.RequestRow:
        opened, reader = self._read(org)
        code, entity = unit(reader, unit_code)
        body = {"from": member_root(reader, payer), "unit": code, "amount": minor(amount, entity.decimals)}
        action = self._write(opened, "payment.request", body, text=(memo, "memo"))
        return request_row(self._reader(opened), action.id)

    def payment_settle(self, org: str, request: str) -> g.RequestRow:
        return self._request_step(org, "payment.settle", request)

    def payment_close(self, org: str, request: str) -> g.RequestRow:
        """Decline what one was asked for, or withdraw what one asked."""
        return self._request_step(org, "payment.close", request)

    def _request_step(self, org: str, type_: str, request: str) -> g.RequestRow:
        opened, reader = self._read(org)
        found = [i for i in ids_by_prefix(reader, request) if reader.state.get(request_key(i), PaymentRequest)]
        if len(found) != 1:
            raise NotFound("payment_unknown", name=request[:80])
        self._write(opened, type_, {"request": Link(found[0])})
        return request_row(self._reader(opened), found[0])

    # -- scheduled payments ------------------------------------------------------------------------
    def schedule_list(self, org: str) -> tuple[g.ScheduleRow, ...]:
        _, reader = self._read(org)
        return tuple(_schedule_row(reader, id_) for id_ in _schedules(reader))

    def schedule_open(
        self, org: str, to: str, amount: str, instalments: int, every_s: int, first_s: int = 0, unit_code: str = "",
        source: str = "", revocable: bool = True, memo: str = "",
    ) -> g.ScheduleRow:
        """Set a sum aside and pay it in instalments; ``source`` "" is one's own balance."""
        opened, reader = self._read(org)
        code, entity = unit(reader, unit_code)
        body: dict[str, Any] = {
            "to": party(reader, to), "unit": code, "amount": minor(amount, entity.decimals), "count": instalments,
            "every": period_ms(every_s, "every"), "first": period_ms(first_s, "first"), "revocable": revocable,
        }
        if source:
            body["for"] = party(reader, source)
        action = self._write(opened, "payment.schedule", body, text=(memo, "memo"))
        return _schedule_row(self._reader(opened), action.id)

    def schedule_stop(self, org: str, schedule: str) -> g.ScheduleRow:
        opened, reader = self._read(org)
        found = [i for i in _schedules(reader) if i.hex().startswith(schedule.strip().lower())]
        if len(found) != 1:
            raise NotFound("payment_unknown", name=schedule[:80])
        self._write(opened, "payment.stop", {"schedule": Link(found[0])})
        return _schedule_row(self._reader(opened), found[0])


def _concerns(reader: Reader, found: PaymentRequest) -> bool:
    """Requests are shown to the two whom they concern."""
    return reader.member in (found.payer, found.payee)


def request_row(reader: Reader, id_: bytes) -> g.RequestRow:
    """A payment request that is in the state."""
    found = reader.state.need(request_key(id_), PaymentRequest)
    link = {"request": Link(id_)}
    return g.RequestRow(
        id_.hex(), reader.person(found.payee), reader.person(found.payer), amount_of(reader, found.unit, found.amount),
        reader.text(found.memo) or "", found.status, reader.object_stamp(id_),
        reader.can([("settle", "payment.settle", link), ("close", "payment.close", link)]),
    )


def _schedules(reader: Reader) -> list[bytes]:
    """Plans made by actions and by adopted proposals, the newest first."""
    ids = list(reader.org.store.of_type("payment.schedule"))
    for proposal in reader.org.store.of_type("proposal.open"):
        ids += scheduled_by(reader.state, proposal)
    found = [id_ for id_ in ids if reader.state.get(schedule_key(id_), Schedule) is not None]
    return found[::-1]


def _schedule_row(reader: Reader, id_: bytes) -> g.ScheduleRow:
    found = reader.state.need(schedule_key(id_), Schedule)
    source, source_person = reader.party(found.payer)
    target, target_person = reader.party(found.to)
    link = {"schedule": Link(id_)}
    by_action = id_ in reader.org.store.of_type("payment.schedule")
    return g.ScheduleRow(
        id_.hex(), reader.party_name(found.payer) or source, source_person, reader.party_name(found.to) or target,
        target_person, amount_of(reader, found.unit, found.amount), amount_of(reader, found.unit, found.paid),
        found.instalments, found.done, found.every, found.next or None, found.revocable, found.status,
        reader.object_stamp(id_) if by_action else v.Stamp("final", found.next),
        reader.can([("stop", "payment.stop", link)]), found.payer == TREASURY,
    )
