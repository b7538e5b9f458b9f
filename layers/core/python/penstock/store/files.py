"""The bucket: step results, written once; and the bodies of what was made."""

import json
import time
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from penstock.domain.errors import Transient
from penstock.domain.prompts import Media
from penstock.domain.work import StoredStep
from penstock.store import keys

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_MISSING = frozenset({"NoSuchKey", "404", "NotFound"})
_THERE = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "412", "409"})
_TRIES = 5
_PAUSE = 0.1


class Files:
    """`links` gives who signs the addresses that people get, at which they reach the bucket."""

    def __init__(
        self,
        client: "S3Client",
        bucket: str,
        sleep: Callable[[float], None] = time.sleep,
        links: "Callable[[], S3Client] | None" = None,
    ) -> None:
        self._client, self._sleep = client, sleep
        self._links = links or (lambda: client)
        self.bucket = bucket

    def load_step(self, job_id: str, index: int, stage: int, step: str) -> StoredStep | None:
        body = self._get(keys.step_file(job_id, index, stage, step))
        return StoredStep.decode(body) if body is not None else None

    def keep_step(self, job_id: str, index: int, stage: int, step: str, result: StoredStep) -> StoredStep:
        """Keeps the first result only: a second worker gets back, and goes on with, what the first one stored.

        A conflict may be with a write that is not done yet, or never will be: a result that was paid for is then put
        again, and not given up.
        """
        name, body = keys.step_file(job_id, index, stage, step), result.encode()
        for number in range(_TRIES):
            try:
                self._client.put_object(Bucket=self.bucket, Key=name, Body=body, IfNoneMatch="*")
                return result
            except ClientError as error:
                if _code(error) not in _THERE:
                    raise
            kept = self.load_step(job_id, index, stage, step)
            if kept:
                return kept
            self._sleep(_PAUSE * 2**number)
        raise Transient("The bucket was too busy to keep a result.", code="storage_busy")

    def steps(self, job_id: str, index: int, stage: int) -> list[StoredStep]:
        """All that is stored of an item at a stage."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=keys.step_files(job_id, index, stage)
        )
        bodies = (self._get(each["Key"]) for page in pages for each in page.get("Contents", []))
        return [StoredStep.decode(body) for body in bodies if body is not None]

    def put_product(self, user: str, collection: str, id: str, fence: str, body: Mapping[str, Any]) -> str:
        """Stores a product's body under a name of its own and returns that name."""
        name = keys.product_file(user, collection, id, fence)
        data = json.dumps(body, ensure_ascii=False).encode()
        self._client.put_object(Bucket=self.bucket, Key=name, Body=data, ContentType="application/json")
        return name

    def put_media(self, user: str, id: str, fence: str, media: Media) -> str:
        """Stores a picture or speech of a product under a name of its own and returns that name."""
        name = keys.media_file(user, id, fence, media.media_type)
        self._client.put_object(Bucket=self.bucket, Key=name, Body=media.data, ContentType=media.media_type)
        return name

    def link(self, name: str, seconds: int) -> str:
        """An address at which anybody who has it can read the file, for so long."""
        asked = {"Bucket": self.bucket, "Key": name}
        return self._links().generate_presigned_url("get_object", Params=asked, ExpiresIn=seconds)

    @staticmethod
    def is_media_of(user: str, id: str, name: str) -> bool:
        """Whether this is a name that `put_media` gives to a file of that product."""
        return name.startswith(keys.media_folder(user, id))

    def put_export(self, user: str, fence: str, file: str, content: bytes, media_type: str) -> str:
        """Stores what somebody takes away for a day, to be saved as `file`, and returns its name."""
        name = keys.export_file(user, fence)
        kept_as = f'attachment; filename="{file}"'
        self._client.put_object(
            Bucket=self.bucket, Key=name, Body=content, ContentType=media_type, ContentDisposition=kept_as
        )
        return name

    def get(self, name: str) -> bytes | None:
        """None where there is no such file."""
        return self._get(name)

    def get_product(self, name: str) -> dict[str, Any] | None:
        body = self._get(name)
        return json.loads(body) if body is not None else None

    def delete(self, name: str) -> None:
        self._client.delete_object(Bucket=self.bucket, Key=name)

    def delete_steps(self, job_id: str) -> None:
        self._delete_folder(keys.step_folder(job_id))

    def delete_product(self, user: str, collection: str, id: str) -> None:
        self._delete_folder(keys.product_folder(user, collection, id))

    def delete_media(self, user: str, id: str) -> None:
        self._delete_folder(keys.media_folder(user, id))

    def delete_media_of(self, user: str, job_id: str, ids: Collection[str]) -> None:
        """Of those of the job's products that are named: found in one listing, however many there are."""
        self._delete_folder(keys.media_of_job(user, job_id), lambda name: keys.owner_of_media(user, name) in ids)

    def delete_products(self, user: str) -> None:
        self._delete_folder(keys.user_folder(user))
        self._delete_folder(keys.exports_folder(user))

    def _get(self, name: str) -> bytes | None:
        try:
            return self._client.get_object(Bucket=self.bucket, Key=name)["Body"].read()
        except ClientError as error:
            if _code(error) in _MISSING:
                return None
            raise

    def _delete_folder(self, prefix: str, wanted: Callable[[str], bool] = lambda _name: True) -> None:
        """A listing page is at most 1,000 names, which is also the most that one delete takes."""
        for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix):
            names: list[Any] = [{"Key": each["Key"]} for each in page.get("Contents", []) if wanted(each["Key"])]
            if names:
                reply = self._client.delete_objects(Bucket=self.bucket, Delete={"Objects": names, "Quiet": True})
                if reply.get("Errors"):
                    raise RuntimeError(f"S3 did not delete {len(reply['Errors'])} of {len(names)} files under {prefix}")


def _code(error: ClientError) -> str:
    return str(error.response["Error"]["Code"])
