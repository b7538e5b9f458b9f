"""A user's account: opened with the plan's defaults, granted to by an admin, closed with everything in it."""

from penstock.domain.account import Account
from penstock.domain.conditions import EXISTS, NEW, at_least, equals, one_of
from penstock.domain.errors import Conflict, NotFound
from penstock.domain.job import QUOTA_REASONS, Status
from penstock.domain.ledger import Entry, entry
from penstock.domain.quota import Needs
from penstock.domain.writes import AccountOf, Delete, Put, Update, UsernameOf, Write
from penstock.engine.dispatch import dispatch
from penstock.engine.idempotency import Once, recall, remember
from penstock.engine.parts import Identity, Parts


def open_account(parts: Parts, who: Identity) -> Account:
    """The account as it is; made with the plan's defaults when first seen."""
    image = parts.records.account(who.user)
    if image is None:
        _create(parts, who)
        image = parts.records.account(who.user)
    return Account.of(image or {})


def _create(parts: Parts, who: Identity) -> None:
    """Refused where another request was first: either way there is one now."""
    now, plan = parts.clock(), parts.limits.plan
    fields = {
        "user": who.user,
        "username": who.username,
        "plan": "default",
        "tokens_remaining": plan.tokens,
        "articles_remaining": plan.articles,
        "tokens_granted": plan.tokens,
        "articles_granted": plan.articles,
        "created_at": now,
        "version": 1,
    }
    first_grant = entry(who.user, parts.new_id(), now, Entry.GRANT, plan, {"note": "plan"})
    if who.username:  # first: the account's absence brings us here again. A name that another user has stays theirs
        parts.table.transact([Put(UsernameOf(who.username), {"user": who.user}, NEW)])
    parts.table.transact([Put(AccountOf(who.user), fields, NEW), first_grant])


def grant(parts: Parts, target: str, amount: Needs, note: str, once: Once | None = None) -> Account:
    """Adds to a user's balance (`target`: a `sub`, or a username that was seen here) and wakes what paused for want of
    it.

    Negative amounts take away, but never below zero. The same `once` again changes nothing.
    """
    account = find_account(parts, target)
    once = once and Once(f"grant:{once.key}", once.fingerprint)  # apart from the user's own keys
    if recall(parts, account.user, once) is None:
        _add(parts, account, amount, note, once)
    wake_paused(parts, account.user)
    return Account.of(parts.records.account(account.user) or {})


def find_account(parts: Parts, target: str) -> Account:
    """A `sub` goes before a name: nobody gets another user's grants by calling themselves like their sub."""
    image = parts.records.account(target)
    name = None if image else parts.table.get(UsernameOf(target))
    image = parts.records.account(str(name["user"])) if name else image
    if image is None:
        raise NotFound(f"Nobody called {target!r} has used this service yet.")
    return Account.of(image)


def _add(parts: Parts, account: Account, amount: Needs, note: str, once: Once | None) -> None:
    now = parts.clock()
    enough = at_least("tokens_remaining", -amount.tokens) & at_least("articles_remaining", -amount.articles)
    fields = {"tokens_remaining": amount.tokens, "articles_remaining": amount.articles}
    granted = {"tokens_granted": amount.tokens, "articles_granted": amount.articles}
    writes: list[Write] = [
        Update(AccountOf(account.user), EXISTS & enough, add=fields | granted | {"version": 1}),
        entry(account.user, parts.new_id(), now, Entry.GRANT, amount, {"note": note}),
        *([remember(account.user, once, {}, now)] if once else []),
    ]
    refusal = parts.table.transact(writes)
    if refusal and refusal.failed[0]:
        raise Conflict("A balance cannot go below zero: take away less.", {"balance": _balance(parts, account.user)})
    if refusal:
        recall(parts, account.user, once)  # the same grant came twice at once: the other one did it


def _balance(parts: Parts, user: str) -> dict[str, int]:
    account = Account.of(parts.records.account(user) or {})
    return {"tokens": account.tokens_remaining, "articles": account.articles_remaining}


def wake_paused(parts: Parts, user: str) -> None:
    """Every job of the user that paused for quota is asked; dispatch decides by the claim's own test whether it can
    pay now."""
    for job in parts.records.jobs(user, only=one_of("status", [Status.PAUSED]) & one_of("pause_reason", QUOTA_REASONS)):
        dispatch(parts, user, job.job_id)


def close_account(parts: Parts, user: str) -> None:
    """Deletes everything of the user. Can be called again after a failure.

    A bare record with an empty balance stays, and is there before anything else goes: closing an account, or breaking
    off while at it, is no way to a new plan. Jobs go first, so that a worker in the middle of one can no longer settle;
    their own rows follow their records (`follow`).
    """
    name = (parts.records.account(user) or {}).get("username", "")
    _empty(parts, user, name)
    parts.records.purge_jobs(user)
    parts.records.purge_user(user)
    parts.files.delete_products(user)
    if name:
        parts.table.transact([Delete(UsernameOf(name), equals("user", user))])
    _empty(parts, user, "")


def _empty(parts: Parts, user: str, name: str) -> None:
    """The second time also of what settles gave back before their job was gone."""
    nothing = dict.fromkeys(("tokens_remaining", "articles_remaining", "tokens_granted", "articles_granted"), 0)
    closed = {"user": user, "username": name, "plan": "closed", "created_at": parts.clock(), "version": 1}
    parts.table.transact([Put(AccountOf(user), closed | nothing)])
