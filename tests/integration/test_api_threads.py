"""Many requests at once in one process, as in local mode: each gets its own answer."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.api import Api

USERS = 16


def test_nobody_gets_anothers_answer(api: Api) -> None:
    def who(number: int) -> dict[str, Any]:
        return {"sub": f"user-{number}", "username": f"name-{number}", "groups": []}

    def call(number: int) -> list[str]:
        mine = api.as_(who(number % USERS))
        name = f"of user-{number % USERS}, call {number}"
        created = mine.post("/api/batch-jobs", {"jobType": "toy", "lines": 1, "name": name})
        shown = mine.get(created.headers["location"]).data
        account = mine.get("/api/account").data
        return [name, shown["name"], shown["userId"], account["userId"], account["username"]]

    with ThreadPoolExecutor(USERS) as pool:
        answers = list(pool.map(call, range(8 * USERS)))
    for number, answer in enumerate(answers):
        user = number % USERS
        name = f"of user-{user}, call {number}"
        assert answer == [name, name, f"user-{user}", f"user-{user}", f"name-{user}"]


def test_problems_do_not_get_mixed_up(api: Api) -> None:
    def call(number: int) -> tuple[int, str]:
        path = f"/api/batch-jobs/{number}" if number % 2 else f"/api/nothing/{number}"
        reply = api.get(path)
        return reply.status, reply.json["instance"]

    with ThreadPoolExecutor(USERS) as pool:
        answers = list(pool.map(call, range(200)))
    assert answers == [
        (404, f"/api/batch-jobs/{number}" if number % 2 else f"/api/nothing/{number}") for number in range(200)
    ]
