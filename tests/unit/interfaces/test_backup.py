"""`kanban backup` and `kanban restore`, and what every command says of a board that is gone."""

import pytest

from kanban.store.leadership import Leadership
from kanban.store.runs import Process


def test_a_board_is_copied_listed_and_put_back(kanban, app, tmp_path):
    kanban("create", "Kept")
    assert kanban("backup", tmp_path / "copy.db", "--json").data["path"] == str(tmp_path / "copy.db")
    kanban("backup")
    kanban("create", "Gone")
    (listed,) = kanban("backup", "--list", "--json").data
    assert listed["why"] == "by-hand" and listed["path"].startswith(str(app.home.backups))
    app.store.db.close()
    restored = kanban("restore", tmp_path / "copy.db", "--json").data
    assert restored["kept"].endswith("-replaced.db")
    assert [ticket["title"] for ticket in kanban("list", "--json").data] == ["Kept"]
    told = kanban("restore", restored["kept"])
    assert told.status == 0 and "what it was before is kept as" in told.err
    assert len(kanban("list", "--json").data) == 2


@pytest.mark.parametrize("command", [("list",), ("why", 1), ("create", "x"), ("tick",), ("init",), ("events",)])
def test_f55_no_command_makes_a_lost_board_again(kanban, app, command):
    kanban("create", "Kept")
    app.store.db.close()
    for file in app.home.path.glob("board.db*"):
        file.unlink()
    words = (*command, app.home.path) if command == ("init",) else command
    told = kanban(*words)
    assert told.status == 1 and "is gone, and this home had a board" in told.err
    assert "kanban restore FILE" in told.err and not app.home.board.exists()


def test_a_lost_board_is_put_back(kanban, app, tmp_path):
    kanban("create", "Kept")
    kanban("backup", tmp_path / "copy.db")
    app.store.db.close()
    app.home.board.unlink()
    assert kanban("restore", tmp_path / "copy.db").status == 0
    assert [ticket["title"] for ticket in kanban("list", "--json").data] == ["Kept"]


def test_no_restore_under_a_live_daemon(kanban, app, tmp_path):
    kanban("backup", tmp_path / "copy.db")
    Leadership(app.store.db, Process(1, 1.0, "elsewhere")).take(app.clock(), 60)
    told = kanban("restore", tmp_path / "copy.db")
    assert told.status == 4 and "the daemon (process 1 on elsewhere) has it open" in told.err


def test_a_file_that_cannot_be_written_is_told(kanban, tmp_path):
    assert kanban("backup", tmp_path / "nowhere" / "copy.db").status == 1
    (tmp_path / "mine").touch()
    assert kanban("backup", tmp_path / "mine").status == 2
    assert kanban("backup", tmp_path / "mine", "--list").status == 2


def test_no_run_restores_a_board(kanban, tmp_path):
    assert kanban("restore", tmp_path / "copy.db", env={"KANBAN_RUN": "7"}).status == 4
    assert kanban("backup", tmp_path / "copy.db", env={"KANBAN_RUN": "7"}).status == 4
