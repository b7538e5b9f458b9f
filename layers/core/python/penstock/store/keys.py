"""Every key of the table and the bucket, and so the access patterns.

| who asks                         | key                                                       |
|----------------------------------|-----------------------------------------------------------|
| a user's account                 | USER#<sub> / ACCOUNT                                      |
| whose name is this               | USERNAME#<name> / USERNAME                                |
| the next job number              | USER#<sub> / SEQUENCE                                     |
| a user's money, newest first     | USER#<sub> / LEDGER#<uuid7>                               |
| a user's use, by day             | USER#<sub> / USAGE#<yyyy-mm-dd>#<kind>#<model>            |
| was this request seen            | USER#<sub> / IDEMPOTENCY#<key>                            |
| a user's job; all, newest first  | USER#<sub> / JOB#<uuid7>                                  |
| … in one status                  | index by_status: STATUS#<sub>#<status> / JOB#<uuid7>      |
| jobs the janitor must look at    | index active: WATCH#<shard> / JOB#<uuid7>                 |
| a job's settings                 | JOB#<id> / SETTINGS                                       |
| the input page of line n         | JOB#<id> / PAGE#<first line>, the last one ≤ PAGE#<n>     |
| a job's items from line n on     | JOB#<id> / ITEM#<index>                                   |
| a user's articles, of one job    | USER#<sub> / ARTICLE#<job id>-<index>                     |
| a user's websites                | USER#<sub> / WEBSITE#<uuid7>                              |
| may a provider be called         | PROVIDER#<name> / BREAKER                                 |
| how much was asked of a model    | MODEL#<id> / MINUTE#<minutes since 1970>, for an hour     |

Bucket: `steps/<job>/<line>/<stage>-<step>.json` (step results), `products/<sub>/<collection>/<id>/<fence>.json`
(bodies), `products/<sub>/media/<id>/<fence>.<ending>` (pictures and speech of a product), `exports/<sub>/<fence>`
(files too large for an answer). Lines are padded to six digits, so that they sort.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from penstock.domain import writes as w

BY_STATUS = "by_status"
ACTIVE = "active"
SHARDS = 4
_ENDINGS = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "audio/mpeg": "mp3", "audio/wav": "wav"}


@dataclass(frozen=True)
class Range:
    """A stretch of one partition, both ends included, of the table or of an index."""

    partition: str
    low: str
    high: str
    index: str | None = None
    key: str = "pk"


def key(ref: w.Ref) -> dict[str, str]:
    pk, sk = _pair(ref)
    return {"pk": pk, "sk": sk}


def _pair(ref: w.Ref) -> tuple[str, str]:  # noqa: C901, PLR0911, PLR0912 - the whole table, one line a record
    match ref:
        case w.AccountOf(user):
            return _user(user), "ACCOUNT"
        case w.UsernameOf(username):
            return f"USERNAME#{username.casefold()}", "USERNAME"
        case w.SequenceOf(user):
            return _user(user), "SEQUENCE"
        case w.LedgerOf(user, id):
            return _user(user), f"LEDGER#{id}"
        case w.UsageOf(user, day, kind, model):
            return _user(user), f"USAGE#{day}#{kind}#{model}"
        case w.IdempotencyOf(user, name):
            return _user(user), f"IDEMPOTENCY#{name}"
        case w.JobOf(user, job_id):
            return _user(user), f"JOB#{job_id}"
        case w.SettingsOf(job_id):
            return _job(job_id), "SETTINGS"
        case w.PageOf(job_id, first):
            return _job(job_id), f"PAGE#{first:06d}"
        case w.ItemOf(job_id, index):
            return _job(job_id), f"ITEM#{index:06d}"
        case w.ProductOf(user, collection, id):
            return _user(user), f"{collection}#{id}"
        case w.BreakerOf(provider):
            return f"PROVIDER#{provider}", "BREAKER"
        case w.MinuteOf(model, minute):
            return f"MODEL#{model}", f"MINUTE#{minute}"


def _user(user: str) -> str:
    return f"USER#{user}"


def _job(job_id: str) -> str:
    return f"JOB#{job_id}"


def shard(job_id: str) -> str:
    return f"WATCH#{crc32(job_id.encode()) % SHARDS}"


def index_fields(ref: w.Ref, fields: Mapping[str, Any]) -> dict[str, Any]:
    """`fields` with the keys of the sparse indexes: `status` brings `status_key`, a true `watch` its shard."""
    if not isinstance(ref, w.JobOf):
        return dict(fields)
    extra: dict[str, Any] = {}
    if "status" in fields:
        extra["status_key"] = f"STATUS#{ref.user}#{fields['status']}"
    if fields.get("watch"):
        extra["watch"] = shard(ref.job_id)
    return {**fields, **extra}


def _prefix(partition: str, prefix: str) -> Range:
    return Range(partition, prefix, prefix + "\uffff")


def jobs(user: str) -> Range:
    return _prefix(_user(user), "JOB#")


def jobs_in(user: str, status: str) -> Range:
    return Range(f"STATUS#{user}#{status}", "JOB#", "JOB#\uffff", BY_STATUS, "status_key")


def watched(number: int) -> Range:
    return Range(f"WATCH#{number}", "JOB#", "JOB#\uffff", ACTIVE, "watch")


def items(job_id: str, first: int, last: int) -> Range:
    return Range(_job(job_id), f"ITEM#{first:06d}", f"ITEM#{last:06d}")


def pages_up_to(job_id: str, line: int) -> Range:
    return Range(_job(job_id), "PAGE#", f"PAGE#{line:06d}")


def whole_job(job_id: str) -> Range:
    return Range(_job(job_id), " ", "\uffff")


def around_account(user: str) -> list[Range]:
    """All of the user but the account's own record."""
    return [Range(_user(user), " ", "ACCOUNS\uffff"), Range(_user(user), "ACCOUNT ", "\uffff")]


def ledger(user: str) -> Range:
    return _prefix(_user(user), "LEDGER#")


def usage(user: str, first_day: str, last_day: str) -> Range:
    return Range(_user(user), f"USAGE#{first_day}", f"USAGE#{last_day}#\uffff")


def products(user: str, collection: str, prefix: str = "") -> Range:
    return _prefix(_user(user), f"{collection}#{prefix}")


def step_folder(job_id: str) -> str:
    return f"steps/{job_id}/"


def step_files(job_id: str, index: int, stage: int) -> str:
    """What the names of a stage's steps begin with."""
    return f"{step_folder(job_id)}{index:06d}/{stage}-"


def step_file(job_id: str, index: int, stage: int, step: str) -> str:
    return f"{step_files(job_id, index, stage)}{step}.json"


def user_folder(user: str) -> str:
    return f"products/{user}/"


def product_folder(user: str, collection: str, id: str) -> str:
    return f"{user_folder(user)}{collection}/{id}/"


def media_folder(user: str, id: str) -> str:
    return f"{user_folder(user)}media/{id}/"


def media_of_job(user: str, job_id: str) -> str:
    """What the names of all media of the job's products begin with."""
    return f"{user_folder(user)}media/{job_id}-"


def owner_of_media(user: str, name: str) -> str:
    """The id of the product that the file belongs to."""
    return name.removeprefix(f"{user_folder(user)}media/").partition("/")[0]


def exports_folder(user: str) -> str:
    return f"exports/{user}/"


def export_file(user: str, fence: str) -> str:
    return f"{exports_folder(user)}{fence}"


def media_file(user: str, id: str, fence: str, media_type: str) -> str:
    return f"{media_folder(user, id)}{fence}.{_ENDINGS.get(media_type, 'bin')}"


def product_file(user: str, collection: str, id: str, fence: str) -> str:
    """The fence is part of it: a worker that lost its item cannot overwrite what another one settled or a user
    edited."""
    return f"{product_folder(user, collection, id)}{fence}.json"
