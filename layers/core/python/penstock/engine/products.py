"""What a user owns beside jobs: articles and websites. Every change is conditional on the version that was read."""

import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from penstock.domain.conditions import EXISTS, NEW, Condition, equals
from penstock.domain.errors import Conflict, NotFound
from penstock.domain.kind import BatchRequest
from penstock.domain.writes import Delete, ProductOf, Put, Update
from penstock.engine.idempotency import Once
from penstock.engine.parts import Identity, Parts
from penstock.engine.submit import Created, plan, submit_plan

Image = Mapping[str, Any]

ARTICLE, WEBSITE = "ARTICLE", "WEBSITE"
MOST_WEBSITES = 200
READERS = 16
LINK_SECONDS = 3_600
# A body that is replaced between the two reads of `body` is looked for again under its new name.
_LOOKS = 3

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(-[0-9]{6})?")
_SEARCHED = ("title", "keyword", "slug")


@dataclass(frozen=True)
class ArticleFilter:
    """What an article must match; None matches all. `q` is part of its title, keyword or slug."""

    job_id: str | None = None
    status: str | None = None
    q: str | None = None

    @property
    def condition(self) -> Condition | None:
        return equals("status", self.status) if self.status else None

    @property
    def everything(self) -> bool:
        return self.status is None and not self.q

    def matches(self, image: Image) -> bool:
        asked = (self.q or "").casefold().strip()
        return any(asked in str(image.get(name, "")).casefold() for name in _SEARCHED)


def articles(parts: Parts, user: str, wanted: ArticleFilter, page: int, limit: int) -> tuple[list[Image], int]:
    """One page of records, newest first, and how many match in all."""
    prefix, first = f"{wanted.job_id}-" if wanted.job_id else "", (page - 1) * limit
    if wanted.everything:
        stubs = parts.records.products(user, ARTICLE, prefix, fields=("id",))
        ids = [stub["id"] for stub in islice(stubs, first, first + limit)]
        total = parts.records.count_products(user, ARTICLE, prefix)
    else:
        fields = ("id", *_SEARCHED)
        found = parts.records.products(user, ARTICLE, prefix, only=wanted.condition, fields=fields)
        matching = [image["id"] for image in found if wanted.matches(image)]
        ids, total = matching[first : first + limit], len(matching)
    return list(parts.records.products_by_id(user, ARTICLE, ids)), total


def articles_by_id(parts: Parts, user: str, ids: Sequence[str]) -> list[Image]:
    """Raises NotFound for the first that is missing."""
    found = parts.records.products_by_id(user, ARTICLE, [each for each in ids if _ID.fullmatch(each)])
    missing = set(ids) - {image["id"] for image in found}
    if missing:
        raise NotFound(f"There is no article {min(missing)[:80]}.")
    return list(found)


def product(parts: Parts, ref: ProductOf) -> Image:
    image = parts.table.get(ref) if _ID.fullmatch(ref.id) else None
    if image is None:
        raise NotFound(f"There is no such {ref.collection.lower()}.")
    return image


def body(parts: Parts, user: str, image: Image) -> Image:
    for _ in range(_LOOKS):
        found = parts.files.get_product(image["body"])
        if found is not None:
            return found
        image = product(parts, ProductOf(user, ARTICLE, image["id"]))
    raise RuntimeError(f"the body of {image['id']} is not in the bucket")


def bodies(parts: Parts, user: str, images: Sequence[Image]) -> list[Image]:
    with ThreadPoolExecutor(READERS) as readers:
        return list(readers.map(lambda image: body(parts, user, image), images))


def images(parts: Parts, user: str, image: Image, body: Image) -> dict[str, str]:
    """The files of the article's images, by the address that its text has for each (`images/1.png`). A file that is
    not its own is none, whatever the body says."""
    own = [each for each in body.get("images") or () if parts.files.is_media_of(user, image["id"], each["key"])]
    return {f"images/{each['name']}": each["key"] for each in own}


def links(parts: Parts, named: Mapping[str, str]) -> dict[str, str]:
    """Addresses that everybody can read for an hour, in the place of the files' names."""
    return {address: parts.files.link(name, LINK_SECONDS) for address, name in named.items()}


def pictures(parts: Parts, named: Mapping[str, str]) -> dict[str, bytes]:
    """The bytes of those files that are there."""
    with ThreadPoolExecutor(READERS) as readers:
        found = zip(named, readers.map(parts.files.get, named.values()), strict=True)
        return {address: data for address, data in found if data is not None}


def keep_export(parts: Parts, user: str, file: str, content: bytes, media_type: str) -> str:
    """The address at which what is too large for an answer can be fetched, for an hour."""
    return parts.files.link(parts.files.put_export(user, parts.new_fence(), file, content, media_type), LINK_SECONDS)


def change(
    parts: Parts, ref: ProductOf, image: Image, fields: Mapping[str, Any], text: Image | None = None
) -> Image | None:
    """The record as it is afterwards; None where somebody else changed it first. `text` becomes the new body: stored
    before under a name of its own; the old one is deleted after.

    A transaction, though it is one write: were a lost answer's retry refused by the write itself, its body would be
    deleted as that of a change that did not happen."""
    old, fence = image.get("body"), parts.new_fence()
    stored = {"body": parts.files.put_product(ref.user, ref.collection, ref.id, fence, text)} if text else {}
    held = EXISTS & equals("version", image["version"])
    update = Update(ref, held, set={**fields, **stored, "updated_at": parts.clock()}, add={"version": 1})
    refused = parts.table.transact([update])
    outdated = stored.get("body") if refused else old if stored else None
    if outdated:
        parts.files.delete(outdated)
    return None if refused else parts.table.get(ref)


def remove(parts: Parts, ref: ProductOf, image: Image) -> None:
    """Gone for good. Every body and image that was ever stored for an article goes after its record."""
    parts.table.transact([Delete(ref)])
    if image.get("body"):
        parts.files.delete_product(ref.user, ref.collection, ref.id)
        parts.files.delete_media(ref.user, ref.id)


def regenerate(parts: Parts, who: Identity, image: Image, request: BatchRequest, once: Once | None = None) -> Created:
    """A job of one line whose article takes the place of this one when it is written."""
    kind, planned = plan(parts, who, request)
    inputs = ({**planned.inputs[0], "replaces": image["id"]},)
    return submit_plan(parts, who, request, kind, replace(planned, inputs=inputs), once)


def origin(parts: Parts, image: Image) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """The input and the settings that an article was written from; None once its job is deleted."""
    settings = parts.records.settings(image["job_id"])
    inputs = parts.records.inputs(image["job_id"], image["index"], image["index"])
    return (inputs[0], settings) if inputs and settings else None


def websites(parts: Parts, user: str) -> list[Image]:
    return list(parts.records.products(user, WEBSITE))


def add_website(parts: Parts, user: str, fields: Mapping[str, Any]) -> Image:
    if parts.records.count_products(user, WEBSITE) >= MOST_WEBSITES:
        raise Conflict(f"You have {MOST_WEBSITES} websites, the most there can be: delete one first.")
    now = parts.clock()
    image = {**fields, "id": parts.new_id(), "created_at": now, "updated_at": now, "version": 1}
    if parts.table.transact([Put(ProductOf(user, WEBSITE, image["id"]), image, NEW)]):
        raise RuntimeError("an id that is never reused was in use")
    return image
