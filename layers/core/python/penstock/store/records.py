"""The table's reads, in the domain's words."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from penstock.domain.conditions import Condition
from penstock.domain.item import Item
from penstock.domain.job import NOT_DELETED, Job
from penstock.domain.writes import (
    AccountOf,
    ItemOf,
    JobOf,
    LedgerOf,
    PageOf,
    ProductOf,
    Put,
    SettingsOf,
)
from penstock.store import keys
from penstock.store.table import Image, Table

# A page of inputs stays below this, so that reading one for the next window stays cheap.
PAGE_BYTES = 100_000


class Records:
    """Reads of jobs, items, inputs. All consistent, save `watched`, which reads an index."""

    def __init__(self, table: Table) -> None:
        self.table = table

    @staticmethod
    def input_pages(job_id: str, inputs: Sequence[Mapping[str, Any]]) -> list[Put]:
        """The inputs as records of at most PAGE_BYTES, each a JSON array: DynamoDB's own lists cost ten times the time
        to encode."""
        encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
        pages: list[Put] = []
        lines: list[str] = []
        size = first = 0
        for index, each in enumerate(inputs):
            line = encode(each)
            if lines and size + len(line.encode()) + 1 > PAGE_BYTES:
                pages.append(_page(job_id, first, lines))
                lines, size, first = [], 0, index
            lines.append(line)
            size += len(line.encode()) + 1
        return [*pages, _page(job_id, first, lines)]

    def job(self, user: str, job_id: str) -> Job | None:
        image = self.table.get(JobOf(user, job_id))
        return Job.of(image) if image else None

    def jobs(self, user: str, only: Condition | None = None) -> list[Job]:
        """The user's jobs, oldest first, deleted ones left out."""
        wanted = NOT_DELETED & only if only else NOT_DELETED
        return [Job.of(image) for image in self.table.query_all(keys.jobs(user), only=wanted)]

    def job_ids_in(self, user: str, status: str) -> list[str]:
        """Ids of the user's jobs in one status, newest first, from the index: perhaps a moment old."""
        stretch = keys.jobs_in(user, status)
        return [image["sk"].removeprefix("JOB#") for image in self.table.query_all(stretch, reverse=True)]

    def jobs_by_id(self, user: str, job_ids: Sequence[str]) -> list[Job]:
        """Those of the ids that exist, in the order asked, deleted ones left out."""
        images = self.table.get_many([JobOf(user, job_id) for job_id in job_ids])
        return [Job.of(image) for image in images if NOT_DELETED.holds(image) and image]

    def watched(self) -> Iterator[tuple[str, str]]:
        """(user, job id) of every job that the janitor must look at, perhaps a moment old."""
        for shard in range(keys.SHARDS):
            for image in self.table.query_all(keys.watched(shard)):
                yield image["pk"].removeprefix("USER#"), image["sk"].removeprefix("JOB#")

    def item(self, job_id: str, index: int) -> Item | None:
        image = self.table.get(ItemOf(job_id, index))
        return Item.of(image) if image else None

    def items(self, job_id: str, first: int, last: int, only: Condition | None = None) -> Iterator[Item]:
        """The item records of lines `first` to `last`: a line never claimed has none."""
        return map(Item.of, self.table.query_all(keys.items(job_id, first, last), only=only))

    def inputs(self, job_id: str, first: int, last: int) -> list[dict[str, Any]]:
        """The inputs of lines `first` to `last`, read from as few pages as hold them."""
        page = self.table.query(keys.pages_up_to(job_id, first), reverse=True, limit=1).images
        images = [*page, *self._pages_after(job_id, page, last)]
        lines: list[dict[str, Any]] = []
        for image in images:
            lines += json.loads(image["inputs"])
        start = first - int(images[0]["first"]) if images else 0
        return lines[start : start + last - first + 1]

    def _pages_after(self, job_id: str, page: list[Image], last: int) -> Iterator[Image]:
        """The further pages up to the one with line `last`."""
        following = int(page[0]["first"]) + int(page[0]["count"]) if page else 0
        while page and following <= last:
            image = self.table.get(PageOf(job_id, following))
            if image is None:
                return
            yield image
            following += int(image["count"])

    def settings(self, job_id: str) -> dict[str, Any] | None:
        image = self.table.get(SettingsOf(job_id))
        return json.loads(image["settings"]) if image else None

    def account(self, user: str) -> Image | None:
        return self.table.get(AccountOf(user))

    def job_labels(self, user: str, only: Condition | None = None) -> list[Image]:
        """job_id, number, name and tags of the user's jobs, newest first, deleted ones left out."""
        wanted = NOT_DELETED & only if only else NOT_DELETED
        fields = ("job_id", "number", "name", "tags")
        return list(self.table.query_all(keys.jobs(user), reverse=True, only=wanted, fields=fields))

    def products(
        self, user: str, collection: str, prefix: str = "", *, only: Condition | None = None, fields: Sequence[str] = ()
    ) -> Iterator[Image]:
        """Those whose id begins with `prefix`, newest first; read as they are asked for."""
        return self.table.query_all(keys.products(user, collection, prefix), reverse=True, only=only, fields=fields)

    def products_by_id(self, user: str, collection: str, ids: Sequence[str]) -> list[Image]:
        """Those of the ids that exist, in the order asked."""
        images = self.table.get_many([ProductOf(user, collection, each) for each in ids])
        return [image for image in images if image]

    def count_products(self, user: str, collection: str, prefix: str = "") -> int:
        return self.table.count(keys.products(user, collection, prefix))

    def ledger(self, user: str, limit: int, after: str | None = None) -> list[Image]:
        """Rows, newest first, each with its `id`; those older than the row `after`."""
        start = dict(keys.key(LedgerOf(user, after))) if after else None
        page = self.table.query(keys.ledger(user), reverse=True, limit=limit, after=start)
        return [{**image, "id": image["sk"].removeprefix("LEDGER#")} for image in page.images]

    def usage(self, user: str, first_day: str, last_day: str) -> Iterator[Image]:
        """Rows of the days from `first_day` to `last_day` (yyyy-mm-dd), both included, oldest first."""
        return self.table.query_all(keys.usage(user, first_day, last_day))

    def purge_job(self, job_id: str) -> None:
        """Settings, pages, items: everything under the job, but not the job's own record."""
        self.table.delete_all(keys.whole_job(job_id))

    def purge_jobs(self, user: str) -> None:
        """The records of the user's jobs."""
        self.table.delete_all(keys.jobs(user))

    def purge_user(self, user: str) -> None:
        """Every record of the user but the account itself."""
        for stretch in keys.around_account(user):
            self.table.delete_all(stretch)


def _page(job_id: str, first: int, lines: Sequence[str]) -> Put:
    return Put(PageOf(job_id, first), {"first": first, "count": len(lines), "inputs": f"[{','.join(lines)}]"})
