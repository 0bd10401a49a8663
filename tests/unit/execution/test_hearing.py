"""Output counts as progress while it says something new; chatter counts for a while and no longer."""

import pytest

from kanban.execution.hearing import HEARD_EACH_SECOND, KNOWN_SHAPES, Hearing

PATIENCE = 10.0


class Listening:
    """A command that prints one piece a second, and the seconds that counted as progress."""

    def __init__(self) -> None:
        self.now = 0.0
        self.counted: list[float] = []
        self._hearing = Hearing(lambda: self.counted.append(self.now), PATIENCE, lambda: self.now)

    def hear(self, *pieces: str) -> None:
        for piece in pieces:
            self._hearing.feed(piece.encode())
            self.now += 1.0


@pytest.fixture
def listening() -> Listening:
    return Listening()


def test_progress_is_told_once_a_second_at_most() -> None:
    now, told = [0.0], []
    hearing = Hearing(lambda: told.append(now[0]), PATIENCE, lambda: now[0])
    for now[0] in (0.0, 0.5, 0.9, 1.0, 1.5, 2.5):
        hearing.feed(b"x")
    assert told == [0.0, 1.0, 2.5]


@pytest.mark.parametrize(
    "chatter",
    [
        lambda second: "still waiting\n",
        lambda second: f"try {second} of 9999, {second * 7 % 60:02d}:13:{second:02d}\n",
        lambda second: ".",
        lambda second: "." * second + "\n",
        lambda second: "waiting " * second + "\n",
        lambda second: f"{second}% ",
        lambda second: "|/-\\"[second % 4] + "\b",
        lambda second: f"\r[{'=' * second}>   ] {second}%",
        lambda second: f"\x1b[2K\x1b[{second}G{second} s",
        lambda second: f"0x{second:x}f0 at 7f{second:04x}aa1\n",
    ],
    ids=["same", "numbers", "dots", "longer", "words", "percents", "spinner", "bar", "escapes", "hexadecimal"],
)
def test_b9_chatter_stops_counting(listening: Listening, chatter) -> None:
    listening.hear(*(chatter(second) for second in range(1, 200)))
    assert 1 <= len(listening.counted) <= 4 * PATIENCE


def test_what_says_something_new_counts_as_long_as_it_does(listening: Listening) -> None:
    listening.hear(*(f"compiling {chr(97 + n % 26)}{chr(97 + n // 26)}.c\n" for n in range(200)))
    assert len(listening.counted) == 200


def test_news_after_a_long_silence_or_long_chatter_counts_again(listening: Listening) -> None:
    listening.hear("begun\n", *["tick\n"] * 50)
    before = len(listening.counted)
    listening.hear("linking\n")
    assert len(listening.counted) == before + 1


def test_a_line_that_comes_in_pieces_is_judged_whole(listening: Listening) -> None:
    listening.hear("waiting for the server\n", *["waiting for the ", "server\n"] * 50)
    assert len(listening.counted) <= 2 * PATIENCE + 2


def test_a_flood_is_heard_in_part(listening: Listening) -> None:
    listening.hear("x" * (4 * HEARD_EACH_SECOND) + "\nnews\n", "news\n")
    assert listening.counted == [0.0, 1.0]


def test_what_was_known_long_ago_is_forgotten_in_bounded_memory() -> None:
    hearing = Hearing(lambda: None, PATIENCE, lambda: 0.0)
    letters = str.maketrans("0123456789", "abcdefghij")
    for number in range(KNOWN_SHAPES + 100):
        hearing.feed(f"{number}\n".translate(letters).encode()[:8])
    assert len(hearing._known) <= KNOWN_SHAPES
