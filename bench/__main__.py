"""`make bench`: what the README and docs/decisions/0001 claim, measured on this machine. Prints a Markdown table."""

import statistics
import time
from contextlib import closing
from typing import Any

from bench.penstock import Penstock, User, running

PLENTY = {"PARAMETERS": "PlanTokens=1000000000 PlanArticles=1000000"}


def main() -> None:
    print("| measured | value | asked for |\n|---|---|---|")
    with running(**PLENTY) as penstock:
        throughput(penstock, "empty table")
        latency(penstock)
        fairness(penstock)
        throughput(penstock, "a job of 10,000 is running", users=50)
    with running(**PLENTY) as penstock:
        fill(penstock, 20_000)
        throughput(penstock, "20,000 items in the table")


def row(what: str, value: str, asked: str) -> None:
    print(f"| {what} | {value} | {asked} |", flush=True)


def keywords(name: str, count: int) -> list[str]:
    return [f"{name} {number}" for number in range(count)]


def wait(user: User, job_id: str, *, until: int | None = None, seconds: float = 600) -> None:
    """Until the job has ended, or `until` of its items are done."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        job = user.job(job_id)
        if job["status"] in ("completed", "failed", "paused") or (until and job["completedItems"] >= until):
            return
        time.sleep(0.05)
    raise RuntimeError(f"{job_id} did not end within {seconds} s")


def throughput(penstock: Penstock, when: str, users: int = 50, each: int = 10) -> None:
    crowd = penstock.users(users)
    start = time.monotonic()
    jobs = [(user, user.submit(keywords(f"{when} {number}", each))) for number, user in enumerate(crowd)]
    for user, job_id in jobs:
        wait(user, job_id)
    rate = users * each / (time.monotonic() - start)
    row(f"{users * each} keywords of {users} users, {when}", f"{rate:.0f} items/s", "≥ 40")


def latency(penstock: Penstock) -> None:
    user = penstock.user()
    row("POST of 100 keywords, median of 21", f"{_post(user, 100, 21) * 1000:.0f} ms", "≤ 100")
    row("POST of 10,000 keywords, median of 5", f"{_post(user, 10_000, 5) * 1000:.0f} ms", "≤ 200")
    user = penstock.user("other")  # whose queue holds no leftovers of cancelled jobs
    start, job_id = time.monotonic(), user.submit(keywords("first", 3))
    while not user.job(job_id)["startedAt"]:
        time.sleep(0.005)
    row("submission to first item started", f"{(time.monotonic() - start) * 1000:.0f} ms", "≤ 1,000")


def _post(user: User, count: int, times: int) -> float:
    """Median seconds until a job is accepted; each is cancelled at once."""
    seconds = []
    for number in range(times):
        start = time.monotonic()
        job_id = user.submit(keywords(f"{count} of {number}", count))
        seconds.append(time.monotonic() - start)
        user.call("POST", f"/api/batch-jobs/{job_id}/cancel")
    return statistics.median(seconds)


def fairness(penstock: Penstock) -> None:
    """Another user's five keywords, alone and beside a job of 10,000."""
    small = penstock.user("other")
    alone = _five(small, "alone")
    penstock.user("demo").submit(keywords("crowd", 10_000))
    time.sleep(3)
    beside = statistics.median(_five(small, f"beside {number}") for number in range(5))
    row("a job of 10,000 delays another user's 5 by (median of 5)", f"{max(0.0, beside - alone):.2f} s", "≤ 2")


def _five(user: User, name: str) -> float:
    start = time.monotonic()
    wait(user, user.submit(keywords(name, 5)))
    return time.monotonic() - start


def fill(penstock: Penstock, items: int) -> None:
    """That many settled items of other jobs, put straight into the table through the emulator's port."""
    with closing(penstock.client("dynamodb")) as table:
        for start in range(0, items, 25):
            rows = [{"PutRequest": {"Item": _item(number)}} for number in range(start, min(start + 25, items))]
            table.batch_write_item(RequestItems={penstock.variables["TABLE_NAME"]: rows})


def _item(number: int) -> dict[str, Any]:
    text = {"pk": f"JOB#old-{number // 1000}", "sk": f"ITEM#{number % 1000:06d}", "status": "done", "user": "old"}
    numbers = dict.fromkeys(("index", "stage", "tries", "run", "charged_tokens", "cost", "lease_until"), number)
    return {name: {"S": value} for name, value in text.items()} | {name: {"N": str(n)} for name, n in numbers.items()}


if __name__ == "__main__":
    main()
