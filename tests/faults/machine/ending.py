"""How all must end: the faults stop, users end what waits for them, time passes, and all is quiet."""

from penstock.domain.quota import Needs
from tests.faults.machine.world import World
from tests.faults.steps import LONG

PLENTY = Needs(1_000_000, 10_000)
# Visits of the janitor, an hour apart and more, until what was lost is found.
MOST_ROUNDS = 8


def settle_down(world: World) -> None:
    """Every job comes to the end that its user asked for, and what failed on the way is done by one retry."""
    world.house.script.acts.clear()
    run(world)
    go_on(world)
    run(world)
    retry(world)
    run(world)
    rest(world)
    retry(world)
    rest(world)
    over(world)


def go_on(world: World) -> None:
    """Users end what waits for them."""
    for user in list(world.model.balance):
        world.grant(user, PLENTY)
    for job_id, job in world.model.jobs.items():
        if job.state != "gone" and job.budget is not None:
            world.set_budget(job_id, None, job.user)  # of one that is over, too: its failures are retried
        if job.state == "paused":
            world.control(job_id, "resume", job.user)


def retry(world: World) -> None:
    for job_id, job in world.model.jobs.items():
        if world.model.answer(job_id, "retry", job.user) == "done":
            world.control(job_id, "retry", job.user)


def run(world: World) -> None:
    """Where nothing was lost, queue and stream alone bring every job home: without the janitor."""
    world.house.run()
    world.look()
    active = [job for job in world.model.jobs.values() if job.state in ("pending", "processing")]
    assert not (world.lossless and active), f"nothing was lost, and yet they stand still: {active}"


def rest(world: World) -> None:
    """Until there is nothing to do but for users."""
    for _ in range(MOST_ROUNDS):
        run(world)
        world.advance(2 * LONG)
        world.sweep()
        world.holds()
        waiting = world.model.waits_for_nothing()
        assert not waiting, f"they wait for what they can pay: {waiting}"
        if not world.house.unread() and not any(job.at_work for job in world.model.jobs.values()):
            return
    raise AssertionError(f"it does not get quiet: {world.model.jobs}")


def over(world: World) -> None:
    world.check(ended=True)
    assert (world.waiting(), world.waiting(dead=True)) == (0, 0)
    for job_id, job in world.model.jobs.items():
        assert job.state in ("completed", "cancelled", "gone"), f"retried without a fault, and yet: {job}"
        if job.state == "completed":
            assert len(job.done) == job.lines, f"completed without all of its lines: {job}"
        if job.state == "gone":
            assert job.image is None, job
            assert job_id in world.orphaned or world.house.items(job_id) == [], f"lines of it are left: {job}"
