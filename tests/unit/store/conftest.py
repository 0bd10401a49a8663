"""A migrated board for every test. Migrating costs a second, so it is done once and the file is copied."""

import shutil

import pytest

from kanban.store.db import Database
from kanban.store.schema import bring_up_to_date
from tests.unit.store.desk import Desk


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """An empty board that nobody has open."""
    path = tmp_path_factory.mktemp("template") / "board.db"
    db = Database(path)
    bring_up_to_date(db)
    db.close()
    return path


@pytest.fixture
def path(template, tmp_path):
    return shutil.copy(template, tmp_path / "board.db")


@pytest.fixture
def desk(path):
    desk = Desk(path)
    yield desk
    desk.db.close()


@pytest.fixture
def db(desk):
    return desk.db


@pytest.fixture
def board(desk):
    return desk.board


@pytest.fixture
def runs(desk):
    return desk.runs


@pytest.fixture
def queries(desk):
    return desk.queries
