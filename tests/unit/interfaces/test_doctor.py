"""`doctor` and `notify test`: whether the board can work, and whether notices arrive."""

import os
import socket
import subprocess

import pytest

from kanban.app import build
from kanban.domain.outcome import Ending, Outcome, Purpose
from kanban.domain.ticket import THE_DISPATCHER
from kanban.execution.processes import process_started
from kanban.service import doctor
from kanban.store.leadership import Leadership
from kanban.store.outbox import record_notice
from kanban.store.runs import NewRun, Process


@pytest.fixture
def well(app):
    """A home with a daemon and every key."""
    Leadership(app.store.db, Process(os.getpid(), 1.0, "here")).take(app.clock(), 9999)
    keys = {profile.api_key_env for profile in app.live.profiles.values()} - {None}
    (app.home.path / ".env").write_text("".join(f"{key}=sk-{key.lower()}-1\n" for key in sorted(keys)))
    return app


def findings(kanban, status=1):
    result = kanban("doctor", "--json")
    assert result.status == status, result.out
    return {finding["subject"]: finding for finding in result.data}


def wrong(kanban):
    """What is not well, by subject."""
    return {subject: finding for subject, finding in findings(kanban).items() if not finding["ok"]}


def test_a_home_in_which_all_is_well_passes(kanban, well):
    found = findings(kanban, status=0)
    files = {"kanban.yaml", "profiles", "hosts.yaml", "rubric.yaml"}
    assert set(found) == files | {"disk", "sizes", "board", "daemon", "backups", "sandbox"}
    assert all(finding["ok"] and finding["told"] for finding in found.values())
    told = kanban("doctor")
    assert told.status == 0 and f"ok    daemon: process {os.getpid()} on here" in told.out


def test_a_gate_without_rules_is_found_and_a_home_without_the_key_has_the_shipped_one(kanban, well):
    shipped = well.live.settings.gate
    settings = well.home.settings_file
    settings.write_text("slots: 4\ngate: []\n")
    found = wrong(kanban)["kanban.yaml"]
    assert "kanban.yaml:2: gate: holds no rule" in found["told"]
    assert kanban("ask", "Anything?").status == 2
    settings.write_text("slots: 4\n")
    assert findings(kanban, status=0)["kanban.yaml"]["ok"]
    assert len(shipped) > 20 and build(well.home.path).live.settings.gate == shipped


def test_f05_no_daemon_is_found(kanban, app):
    assert wrong(kanban)["daemon"] == {
        "subject": "daemon",
        "ok": False,
        "told": "none has run yet",
        "hint": "`kanban up` starts one",
    }
    Leadership(app.store.db, Process(1, 1.0, "here")).take(app.clock() - 100, 30)
    assert wrong(kanban)["daemon"]["told"] == "no heartbeat for 100 s"


def test_f19_a_paused_model_is_found_with_the_providers_own_words(kanban, well, claim):
    kanban("create", "A tool")
    ending = Ending(Outcome.MODEL_DOWN, "The key was revoked.", retry_after=600.0)
    well.store.runs.end(claim(1), ending, THE_DISPATCHER, well.clock())
    found = wrong(kanban)
    assert set(found) == {"model m"}
    assert "(model_down): The key was revoked." in found["model m"]["told"]


def test_a_missing_key_is_found_and_no_key_is_shown(kanban, well):
    env = well.home.path / ".env"
    env.write_text("\n".join(line for line in env.read_text().splitlines() if "MOONSHOT" not in line))
    found = wrong(kanban)
    assert set(found) == {"profile cody"} and found["profile cody"]["hint"] == f"write it into {env}"
    assert "sk-" not in kanban("doctor").out


def test_a_host_that_does_not_answer_is_found(kanban, well):
    well.home.hosts_file.write_text("hosts:\n  local: {about: here}\n  webb: {address: 127.0.0.1, port: 1}\n")
    found = wrong(kanban)
    assert set(found) == {"host webb"} and found["host webb"]["hint"]


def test_what_waits_for_the_person_is_found(kanban, well):
    kanban("create", "A tool")
    kanban("block", 1, "--reason", "needs_input")
    assert wrong(kanban)["tickets"]["told"] == "1 wait for a decision: #1"


def test_f28_notices_that_do_not_arrive_are_found(kanban, well):
    with well.store.db.write() as tx:
        record_notice(tx, "a", "hello", well.clock())
    well.store.outbox.write_receipt(1, "ntfy:1234", well.clock(), error="ntfy did not take the notice")
    assert wrong(kanban)["notices to ntfy:1234"]["told"] == "ntfy did not take the notice"


@pytest.mark.parametrize("name", ["kanban.yaml", "hosts.yaml", "rubric.yaml", ".env"])
def test_a_file_that_cannot_be_read_is_found_and_the_rest_is_looked_at_all_the_same(kanban, well, name):
    (well.home.path / name).write_text("[\n")
    found = findings(kanban)
    assert [subject for subject, finding in found.items() if not finding["ok"]] == [name]
    assert found[name]["hint"] and found["daemon"]["ok"]


def test_a_profile_that_cannot_be_read_is_found(kanban, well):
    (well.home.profiles_folder / "scout.yaml").write_text("name: scout\n")
    found = wrong(kanban)
    assert set(found) == {"profiles"} and "scout.yaml" in found["profiles"]["told"]


def test_a_board_that_is_damaged_is_found(kanban, well):
    well.store.db.close()
    for file in well.home.path.glob("board.db*"):
        file.unlink()
    well.home.board.write_text("this is my shopping list\n" * 200)
    found = wrong(kanban)
    assert set(found) == {"board"} and "not a SQLite database" in found["board"]["told"]


def test_a_disk_that_is_nearly_full_is_found(well, monkeypatch):
    assert all(found.ok for found in doctor.check_disks(well.home))
    monkeypatch.setattr(doctor, "LEAST_FREE", 10**18)
    (found,) = doctor.check_disks(well.home)
    assert not found.ok and "kanban gc" in found.hint


# -- faults of the machine: each is done to a real home, and named ----------------------------------------------------


def lose_board(app):
    app.home.board.unlink()


def empty_board(app):
    app.home.board.write_bytes(b"")


def damage_board(app):
    app.home.board.write_bytes(b"\xff" * 9000)


def write_newer_board(app):
    with app.store.db.write() as tx:
        tx.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")


def damage_an_index(app):
    root = app.store.db.read("SELECT rootpage FROM sqlite_master WHERE name = 'ix_event_ticket_id'")[0][0]
    app.store.db.fold_log()
    app.store.db.close()
    data = bytearray(app.home.board.read_bytes())
    data[(root - 1) * 4096 : root * 4096] = b"\xff" * 4096
    app.home.board.write_bytes(data)


def forbid_runs(app):
    app.home.runs.rmdir()
    app.home.runs.write_text("a file where the folder was")


def forget_copies(app):
    os.utime(app.home.board_marker, (1.0, 1.0))


def kill_daemon(app):
    process = subprocess.Popen(["true"])
    started = process_started(process.pid) or 0.0
    process.wait()
    Leadership(app.store.db, Process(process.pid, started, socket.gethostname()), lambda _: False).take(
        app.clock(), 9999
    )


def end_by_the_machine(app):
    run = NewRun(Purpose.CHAT, "ginger", "m")
    run_id = app.store.runs.start(run, THE_DISPATCHER, app.clock(), 60)
    app.store.runs.end(run_id, Ending(Outcome.INFRASTRUCTURE, "its process is gone"), THE_DISPATCHER, app.clock())


def lose_a_run(app):
    run_id = app.store.runs.start(NewRun(Purpose.CHAT, "ginger", "m"), THE_DISPATCHER, app.clock(), 60)
    app.store.runs.adopt(run_id, Process(2**22 + 1, 1.0, socket.gethostname()), "", app.clock() + 60)


@pytest.mark.parametrize(
    ("harm", "subject", "told", "hint"),
    [
        (lose_board, "board", "is gone, and this home had a board", "kanban restore FILE"),
        (empty_board, "board", "is empty, and this home had a board", "kanban restore FILE"),
        (damage_board, "board", "not a SQLite database", "kanban restore FILE"),
        (write_newer_board, "board", "schema '9999' is not known", "upgrade kanban"),
        (forbid_runs, "runs", "runs cannot start", "kanban gc"),
        (forget_copies, "backups", "there is no copy yet", "kanban backup"),
        (kill_daemon, "daemon", "is gone; no heartbeat", "kanban up"),
        (end_by_the_machine, "machine", "1 runs of the last day were ended by it; the last: its process", "dmesg"),
        (lose_a_run, "run 1", "its process 4194305 is gone", "the daemon ends it"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_f56_each_fault_of_the_machine_is_named_with_its_remedy(kanban, well, harm, subject, told, hint):
    harm(well)
    well.store.db.close()
    for log in well.home.path.glob("board.db-*"):
        if harm in (lose_board, empty_board, damage_board):
            log.unlink()
    found = wrong(kanban)
    assert told in found[subject]["told"] and hint in found[subject]["hint"], found


def test_only_a_deep_look_reads_the_whole_board(kanban, well):
    kanban("create", "A tool")
    damage_an_index(well)
    assert findings(kanban, status=0)["board"]["ok"]
    deep = kanban("doctor", "--deep")
    assert deep.status == 1 and "is damaged" in deep.out and "kanban restore FILE" in deep.out


def test_a_network_file_system_is_named(well, monkeypatch):
    monkeypatch.setattr(doctor, "find_file_system", lambda _path: "nfs4")
    (found,) = doctor.check_disks(well.home)
    assert not found.ok and "network file system (nfs4)" in found.told


def test_the_words_say_what_to_do(kanban, app):
    told = kanban("doctor")
    assert told.status == 1
    assert "look  daemon: none has run yet\n      `kanban up` starts one\n" in told.out


def test_f17_looking_changes_nothing(kanban, well):
    kanban("doctor")
    before = well.store.db.data_version()
    kanban("doctor")
    assert well.store.db.data_version() == before


# -- notify test ------------------------------------------------------------------------------------------------------


def notify(app, *targets):
    app.home.settings_file.write_text("notify:\n" + "".join(f'  - "{target}"\n' for target in targets))


def test_a_test_notice_arrives(kanban, app, receiver):
    notify(app, receiver.url)
    assert kanban("notify", "test").out == "json: delivered\n"
    assert [got["message"] for got in receiver.received] == ["This is a test: notices of your board reach you here."]


def test_a_secret_of_an_address_comes_from_the_env_file(kanban, app, receiver):
    app.home.env_file.write_text(f"PORT_KEY={receiver.server_port}\n")
    notify(app, "json://127.0.0.1:${PORT_KEY}/")
    assert kanban("notify", "test", "--json").data == [{"target": "json", "ok": True, "error": ""}]


def test_f28_one_address_that_fails_is_told_and_the_others_are_tried(kanban, app, receiver):
    notify(app, "nonsense://s3cret", receiver.url)
    told = kanban("notify", "test")
    assert told.status == 1 and "json: delivered" in told.out and "nonsense: no way to notify is known" in told.out
    assert "s3cret" not in told.out + told.err


def test_without_an_address_it_says_where_to_write_one(kanban):
    told = kanban("notify", "test")
    assert told.status == 2 and "under `notify:`" in told.err


def test_what_is_in_the_outbox_is_carried_to_the_addresses_of_the_settings(app, receiver):
    notify(app, receiver.url)
    with app.store.db.write() as tx:
        record_notice(tx, "a", "ticket 3 waits for you", app.clock())
    assert app.deliver_notices() == 1 and app.deliver_notices() == 0
    assert [got["message"] for got in receiver.received] == ["ticket 3 waits for you"]


def test_an_address_that_is_added_counts_at_once(app, receiver):
    assert app.notify_targets == []
    notify(app, receiver.url)
    assert app.notify_targets == [receiver.url]
    app.home.settings_file.write_text("notify: 5\n")
    assert app.notify_targets == [receiver.url]  # what cannot be read leaves the last good settings in force
