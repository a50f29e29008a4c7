"""Use cases of firms: parties of several signers, with limits and dual approval."""

from __future__ import annotations

from collections.abc import Sequence

from dao_app.app import views as v
from dao_app.app import views_governance as g
from dao_app.app.cases import Cases
from dao_app.app.effects_form import amount_of
from dao_app.app.errors import InputError, NotFound
from dao_app.app.queries import Reader
from dao_app.app.resolve import firm_id, ids_by_prefix, member_root, minor, one_line, party, unit
from dao_app.core.encoding import Link
from dao_app.core.entities import Account, Firm, Payment
from dao_app.core.keys import account_key, firm_key, firm_party, payment_key
from dao_app.core.limits import INT_MAX, TITLE_BYTES_MAX

NO_LIMIT = "-"  # as people write it


class FirmCases(Cases):
    """Part of ``app.api.Api``."""

    def firm_list(self, org: str) -> tuple[g.FirmRow, ...]:
        _, reader = self._read(org)
        ids = reader.org.store.of_type("firm.register")
        return tuple(firm_row(reader, id_) for id_ in ids if reader.state.get(firm_key(id_), Firm) is not None)

    def firm_register(
        self, org: str, name: str, signers: Sequence[tuple[str, str]], register: str = "", dual: str = NO_LIMIT
    ) -> g.FirmRow:
        opened, reader = self._read(org)
        body = {
            "name": one_line(name, "name", TITLE_BYTES_MAX),
            "register": one_line(register, "register", TITLE_BYTES_MAX) if register else "",
            "signers": _signers(reader, signers),
            "dual": _limit(reader, dual),
        }
        action = self._write(opened, "firm.register", body)
        return firm_row(self._reader(opened), action.id)

    def firm_change(self, org: str, firm: str, signers: Sequence[tuple[str, str]], dual: str = NO_LIMIT) -> g.FirmRow:
        opened, reader = self._read(org)
        id_ = firm_id(reader, firm)
        body = {"firm": Link(id_), "signers": _signers(reader, signers), "dual": _limit(reader, dual)}
        self._write(opened, "firm.change", body)
        return firm_row(self._reader(opened), id_)

    def firm_pay(
        self, org: str, firm: str, to: str, amount: str, unit_code: str = "", memo: str = ""
    ) -> g.FirmRow:
        opened, reader = self._read(org)
        id_ = firm_id(reader, firm)
        code, entity = unit(reader, unit_code)
        body = {
            "firm": Link(id_), "to": party(reader, to), "unit": code, "amount": minor(amount, entity.decimals),
        }
        self._write(opened, "firm.pay", body, text=(memo, "memo"))
        return firm_row(self._reader(opened), id_)

    def firm_approve(self, org: str, payment: str) -> g.FirmRow:
        return self._payment(org, "firm.approve", payment)

    def firm_cancel(self, org: str, payment: str) -> g.FirmRow:
        return self._payment(org, "firm.cancel", payment)

    def _payment(self, org: str, type_: str, payment: str) -> g.FirmRow:
        opened, reader = self._read(org)
        found = [(i, p) for i in ids_by_prefix(reader, payment) if (p := reader.state.get(payment_key(i), Payment))]
        if len(found) != 1:
            raise NotFound("payment_unknown", name=payment[:80])
        id_, entity = found[0]
        self._write(opened, type_, {"payment": Link(id_)})
        return firm_row(self._reader(opened), entity.firm)


def _limit(reader: Reader, text: str) -> int:
    """An amount of the first unit; "-" for no limit, "0" for none at all."""
    if text.strip() == NO_LIMIT:
        return INT_MAX
    return 0 if text.strip() == "0" else minor(text, unit(reader, "")[1].decimals)


def _signers(reader: Reader, rows: Sequence[tuple[str, str]]) -> list[list[object]]:
    if any(len(row) != 2 for row in rows):
        raise InputError("signer_form")
    return [[member_root(reader, name), _limit(reader, limit)] for name, limit in rows]


def firm_row(reader: Reader, id_: bytes) -> g.FirmRow:
    """A firm with its signers, what it has, and payments that wait."""
    entity = reader.state.need(firm_key(id_), Firm)
    balances = []
    for code in reader.units():
        account = reader.state.get(account_key(firm_party(id_), code), Account)
        balances.append(amount_of(reader, code, account.balance if account is not None else 0))
    own = [[signer.member, signer.limit] for signer in entity.signers]
    change = {"firm": Link(id_), "signers": own, "dual": entity.dual}
    can = tuple(
        name
        for name in ("pay", "change")
        if reader.member in {signer.member for signer in entity.signers} and not reader.judge("firm.change", change)
    )
    payments = [
        payment_row(reader, one)
        for one in reader.org.store.of_type("firm.pay")
        if (found := reader.state.get(payment_key(one), Payment)) is not None and found.firm == id_
    ]
    return g.FirmRow(
        id_.hex(), entity.name, entity.register,
        tuple(g.SignerView(reader.person(s.member), _shown(reader, s.limit)) for s in entity.signers),
        _shown(reader, entity.dual), tuple(balances), tuple(payments),
        reader.person(entity.handover.by) if entity.handover else None, reader.object_stamp(id_), can,
    )


def payment_row(reader: Reader, id_: bytes) -> g.PaymentRow:
    entity = reader.state.need(payment_key(id_), Payment)
    code, person = reader.party(entity.to)
    link = {"payment": Link(id_)}
    return g.PaymentRow(
        id_.hex(), amount_of(reader, entity.unit, entity.amount), reader.party_name(entity.to) or code, person,
        reader.person(entity.by), entity.status, reader.object_stamp(id_),
        reader.can([("approve", "firm.approve", link), ("cancel", "firm.cancel", link)]),
    )


def _shown(reader: Reader, limit: int) -> str:
    """A limit as decimal text in the first unit; "-" where there is none."""
    if limit >= INT_MAX:
        return NO_LIMIT
    units = reader.units()
    decimals = reader.amount(units[0], limit) if units else None
    places = decimals.decimals if isinstance(decimals, v.AmountView) else 0
    whole, part = divmod(limit, 10**places)
    return f"{whole}.{part:0{places}d}" if places else str(whole)
