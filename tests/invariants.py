"""What must hold after every scenario. One function checks all of it."""

from collections import Counter

from penstock.domain.item import Item, ItemStatus
from penstock.domain.job import NO_BUDGET, Job, Status
from penstock.domain.quota import Needs
from tests.house import House


def check(house: House, user: str = "user-a") -> None:
    jobs = list(house.jobs(user))
    items = {job.job_id: [item for item in house.items(job.job_id) if item.index < job.total] for job in jobs}
    finishing = {job.job_id: [item for item in house.items(job.job_id) if item.index == job.total] for job in jobs}
    for job in jobs:
        _counters(job, items[job.job_id], finishing[job.job_id])
        _results(house, job, items[job.job_id])
    _money(house, user, [item for found in items.values() for item in found])


def _counters(job: Job, items: list[Item], finishing: list[Item]) -> None:
    """The job's counters equal a recount of its items."""
    found = Counter(item.status for item in items)
    assert job.completed == found[ItemStatus.DONE], job
    assert job.cancelled == found[ItemStatus.CANCELLED], job
    reopened = sum(item.status == ItemStatus.FAILED and item.run < job.retried_in for item in items)
    assert job.failed == found[ItemStatus.FAILED] - reopened, job
    running = [item for item in [*items, *finishing] if item.status == ItemStatus.RUNNING]
    assert job.running == len(running), job
    assert job.remaining == job.total - job.completed - job.failed - job.cancelled, job
    assert job.tokens_used == sum(item.charged_tokens for item in items), job
    assert job.articles_used == sum(item.charged_articles for item in items), job
    assert all((item.reserved != Needs()) <= (item.status == ItemStatus.RUNNING) for item in items), (
        "a reservation is left"
    )
    budget = NO_BUDGET if job.budget is None else job.budget
    assert job.budget_left == budget - job.cost - sum(item.reserved_cost for item in running), job
    if job.status in (Status.COMPLETED, Status.FAILED) and job.expires_at is None:
        assert (job.remaining, job.running) == (0, 0), job


def _results(house: House, job: Job, items: list[Item]) -> None:
    """Done if and only if there is one readable result, of the right user."""
    for item in items:
        assert (item.result is not None) == (item.status == ItemStatus.DONE), item
        if item.result:
            image = house.product(item.result, job.user)
            assert image, item
            assert house.parts.files.get_product(image["body"]), item


def _money(house: House, user: str, items: list[Item]) -> None:
    """Balance + reserved + charged = granted, never below zero; the ledger sums to balance + reserved."""
    account = house.account(user)
    reserved, charged = (sum((getattr(item, name) for item in items), Needs()) for name in ("reserved", "charged"))
    assert min(account.tokens_remaining, account.articles_remaining) >= 0
    assert account.tokens_remaining + reserved.tokens + charged.tokens == account.tokens_granted
    assert account.articles_remaining + reserved.articles + charged.articles == account.articles_granted
    rows = house.ledger(user)
    assert sum(row["tokens"] for row in rows) == account.tokens_remaining + reserved.tokens
    assert sum(row["articles"] for row in rows) == account.articles_remaining + reserved.articles
