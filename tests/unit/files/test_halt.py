"""The file STOP: while it is there, everything is stopped, whoever put it there."""

import pytest

from kanban.files.halt import lift_halt, put_halt, read_halt
from kanban.files.home import Home


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path)


def test_without_the_file_nothing_is_stopped(home):
    assert read_halt(home) is None and lift_halt(home) is False


def test_the_reason_is_said_back_until_it_is_lifted(home):
    put_halt(home, "the router\nis on fire")
    assert read_halt(home) == "the router is on fire"
    assert lift_halt(home) is True and read_halt(home) is None


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff\xfe"])
def test_a_file_that_says_nothing_stops_too(home, content):
    home.stop_file.write_bytes(content)
    assert read_halt(home)


def test_a_folder_of_that_name_stops_too(home):
    home.stop_file.mkdir()
    assert read_halt(home) == "the file STOP is in the home"
