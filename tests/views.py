"""What stands in the records and the bucket of a house."""

from collections.abc import Iterator
from typing import Any

from penstock.domain.account import Account
from penstock.domain.item import Item
from penstock.domain.job import Job
from penstock.domain.writes import ProductOf
from penstock.engine.parts import Identity, Parts
from penstock.store import keys
from tests.backends import client

USER = Identity("user-a", "ann")


class Views:
    """Looks with the engine's own `parts`."""

    parts: Parts

    def job(self, job_id: str, user: str = USER.user) -> Job:
        job = self.parts.records.job(user, job_id)
        assert job is not None
        return job

    def items(self, job_id: str) -> list[Item]:
        return list(self.parts.records.items(job_id, 0, 999_999))

    def account(self, user: str = USER.user) -> Account:
        return Account.of(self.parts.records.account(user) or {})

    def product(self, id: str, user: str = USER.user) -> dict[str, Any] | None:
        return self.parts.table.get(ProductOf(user, "ARTICLE", id))

    def bodies(self, user: str = USER.user) -> list[str]:
        """The names of all that the bucket keeps of the user."""
        found = client("s3").list_objects_v2(Bucket=self.parts.files.bucket, Prefix=keys.user_folder(user))
        return [each["Key"] for each in found.get("Contents", [])]

    def ledger(self, user: str = USER.user) -> list[dict[str, Any]]:
        return list(self.parts.table.query_all(keys.ledger(user)))

    def jobs(self, user: str = USER.user) -> Iterator[Job]:
        return map(Job.of, self.parts.table.query_all(keys.jobs(user)))
