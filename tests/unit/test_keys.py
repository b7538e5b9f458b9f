"""Keys sort as their records do, and no two records share one."""

from penstock.domain import writes as w
from penstock.domain.item import product_id
from penstock.store import keys

REFS: list[w.Ref] = [
    w.AccountOf("u"),
    w.UsernameOf("u"),
    w.SequenceOf("u"),
    w.LedgerOf("u", "1"),
    w.UsageOf("u", "2026-01-01", "k", "m"),
    w.IdempotencyOf("u", "1"),
    w.JobOf("u", "1"),
    w.SettingsOf("1"),
    w.PageOf("1", 0),
    w.ItemOf("1", 0),
    w.ProductOf("u", "ARTICLE", "1"),
    w.ProductOf("u", "WEBSITE", "1"),
    w.BreakerOf("p"),
    w.MinuteOf("m", 1),
]


def test_no_two_records_share_a_key() -> None:
    made = [tuple(keys.key(ref).values()) for ref in REFS]
    assert len(set(made)) == len(REFS)


def test_lines_sort_by_number_up_to_the_largest_job() -> None:
    lines = [0, 9, 10, 99, 999, 1_000, 10_000]
    assert [keys.key(w.ItemOf("j", line))["sk"] for line in lines] == sorted(
        keys.key(w.ItemOf("j", n))["sk"] for n in lines
    )
    assert [product_id("j", line) for line in lines] == sorted(product_id("j", line) for line in lines)


def test_a_range_holds_what_it_names_and_no_neighbour() -> None:
    stretch = keys.items("j", 5, 7)
    inside = [line for line in range(12) if stretch.low <= keys.key(w.ItemOf("j", line))["sk"] <= stretch.high]
    assert inside == [5, 6, 7]
    of_job = keys.products("u", "ARTICLE", "job-1-")
    assert of_job.low <= keys.key(w.ProductOf("u", "ARTICLE", "job-1-000003"))["sk"] <= of_job.high
    assert not of_job.low <= keys.key(w.ProductOf("u", "ARTICLE", "job-10-000003"))["sk"] <= of_job.high
    days = keys.usage("u", "2026-01-01", "2026-01-31")
    assert days.low <= keys.key(w.UsageOf("u", "2026-01-31", "k", "m"))["sk"] <= days.high
    assert not days.low <= keys.key(w.UsageOf("u", "2026-02-01", "k", "m"))["sk"] <= days.high


def test_only_a_job_brings_index_keys() -> None:
    job = keys.index_fields(w.JobOf("u", "1"), {"status": "paused", "watch": True})
    assert job["status_key"] == "STATUS#u#paused"
    assert job["watch"].startswith("WATCH#")
    assert keys.index_fields(w.ItemOf("1", 0), {"status": "running"}) == {"status": "running"}
    assert keys.index_fields(w.JobOf("u", "1"), {"watch": None}) == {"watch": None}
