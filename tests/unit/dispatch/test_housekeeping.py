"""What old runs have left goes by age and size; what an open ticket or an answer points to stays."""

import pytest

from kanban.domain.brief import Brief
from kanban.domain.ticket import THE_DISPATCHER
from kanban.store.retention import Retention
from tests.support.scripted import DONE, call

DAY = 86_400


@pytest.fixture
def house(new_house):
    house = new_house()
    house.set(keep_runs_days=30, keep_runs_mb=5000)
    return house


def leave(house, run, name="workspace/big.bin", size=100_000):
    """Something that the run has left in its folder."""
    file = house.app.run_folder(run.id) / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"x" * size)
    return file


def gc(house, days=31.0, **more):
    house.app.clock = lambda: house.now + days * DAY
    return house.app.upkeep.collect_garbage(house.app.store.db, **more)


def test_what_a_settled_ticket_left_goes_after_its_days(house):
    file = leave(house, house.work(house.ticket(), DONE))
    assert gc(house, days=29).runs == [] and file.exists()
    would = gc(house, dry_run=True)
    assert (would.runs, file.exists()) == ([1], True) and would.freed >= 100_000
    assert gc(house).freed == would.freed and not house.app.run_folder(1).exists()
    assert gc(house).runs == []


def test_what_an_open_ticket_needs_or_names_stays(house):
    blocked = leave(house, house.work(house.ticket(), call("block", reason="other", explanation="Stuck.")))
    needed_ticket = house.ticket("Needed")
    needed = leave(house, house.work(needed_ticket, DONE))
    house.ticket("Needs it", depends_on=[needed_ticket])
    named_run = house.work(house.ticket("Named"), DONE)
    named = leave(house, named_run)
    house.ticket("Names it", brief=Brief(goal=f"Look into runs/{named_run.id}/workspace."), assignee="human")
    running = leave(house, house.run(house.claim(house.ticket("Under way"))))
    assert gc(house, days=9999).runs == []
    assert all(file.exists() for file in (blocked, needed, named, running))


def test_what_a_request_without_an_answer_was_about_stays_until_it_is_answered(house):
    request, [ticket] = house.ask("One thing.", "Only")
    file = leave(house, house.work(ticket, DONE))
    gc(house)
    assert file.exists()
    named = leave(house, house.app.store.queries.runs_of_ticket(ticket)[-1], "workspace/report.txt")
    answer = f"It is in `{named.relative_to(house.path)}`."
    house.app.store.requests.answer(request, answer, THE_DISPATCHER, house.now)
    gc(house)
    assert named.exists() and not file.exists()


def test_artifacts_stay_for_ever(house):
    run = house.work(
        house.ticket(),
        call("write_file", path="note.txt", content="kept"),
        call("complete", summary="Done.", artifacts=["note.txt"]),
    )
    (artifact,) = house.rows("SELECT path FROM artifact WHERE name = 'note.txt' LIMIT 1")
    file = leave(house, run)
    gc(house, days=9999)
    assert (house.path / artifact[0]).read_text() == "kept" and not file.exists()


def test_when_there_is_too_much_the_longest_ended_go_first(house):
    house.set(keep_runs_mb=0.3)
    files = []
    for _ in range(4):
        files.append(leave(house, house.work(house.ticket(), DONE)))
        house.now += 60
    assert gc(house, days=1).runs == [1, 2]
    assert [file.exists() for file in files] == [False, False, True, True]


def test_links_are_removed_and_never_followed_and_read_only_folders_go_too(house, tmp_path):
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "photo").write_text("mine")
    run = house.work(house.ticket(), DONE)
    file = leave(house, run, "workspace/locked/file")
    (file.parent / "link").symlink_to(precious)
    file.parent.chmod(0o500)
    gc(house)
    assert not house.app.run_folder(run.id).exists() and (precious / "photo").read_text() == "mine"


def test_a_log_that_is_too_long_keeps_its_end(house):
    house.set(keep_logs_mb=0.01)
    log = house.app.home.logs / "runs.log"
    with log.open("ab") as writer:
        writer.write(b"".join(b"line %d\n" % number for number in range(5000)))
        writer.flush()
        assert gc(house).logs == ["runs.log"]
        writer.write(b"written later\n")
    lines = log.read_text().splitlines()
    assert lines[-2:] == ["line 4999", "written later"] and log.stat().st_size < 6000
    assert all(line.startswith(("line ", "written")) for line in lines)


def test_what_the_daemon_does_every_day(house):
    file = leave(house, house.work(house.ticket(), DONE))
    house.app.clock = lambda: house.now + 31 * DAY
    said = []
    house.app.upkeep.care(house.app.store.db, said.append)
    assert not file.exists() and len(house.app.upkeep.backups.list()) == 1
    assert [line.split()[0] for line in said] == ["copied", "removed"]
    house.app.upkeep.care(house.app.store.db, said.append)
    assert len(said) == 2
    assert Retention(house.app.store.db).runs_that_are_over()
