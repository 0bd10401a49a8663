"""Long results are shown in pages: nothing is lost between them, and none is larger than the limit."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from kanban.domain.tool import Section
from kanban.tools.paging import NOTE_ROOM, cut
from kanban.tools.paging import show as show_sections
from kanban.trust.fences import fence_all

LIMIT = 1000


def show(*arguments, **named):
    return fence_all(show_sections(*arguments, **named))


MORE = re.compile(r"\n\[more follows: read on with `from_line` (\d+)\]\Z")
WORDS = st.text(alphabet="ab é\u2028", max_size=40) | st.just("x" * 800)
SECTIONS = st.lists(
    st.builds(
        Section,
        st.lists(WORDS, min_size=1, max_size=12).map("\n".join),
        st.sampled_from(["", "a page", "<<<a>>> " * 99]),
        st.booleans(),
    ),
    min_size=1,
    max_size=4,
)


def read_pages(sections: list[Section]) -> list[str]:
    pages, line = [], 1
    while True:
        pages.append(show(sections, LIMIT, line))
        more = MORE.search(pages[-1])
        if not more:
            return pages
        assert int(more[1]) > line
        line = int(more[1])


@settings(max_examples=50, deadline=None)
@given(SECTIONS)
def test_every_character_is_shown_once_in_order_and_no_page_is_too_large(sections: list[Section]) -> None:
    pages = read_pages(sections)
    assert all(len(page) <= LIMIT for page in pages)
    shown = "".join(re.sub(r"(?m)^<<<[^\n]*>>>$", "", MORE.sub("", page)) for page in pages)
    assert shown.replace("\n", "") == "".join(section.text for section in sections).replace("\n", "")


@settings(max_examples=50, deadline=None)
@given(SECTIONS)
def test_what_others_wrote_is_fenced_on_every_page(sections: list[Section]) -> None:
    outsiders = [Section(section.text, "a page") for section in sections]
    for page in read_pages(outsiders):
        lines = MORE.sub("", page).split("\n")
        assert re.match(r"<<<\w+ DATA from a page", lines[0])
        assert re.fullmatch(r"<<<\w+ end>>>", lines[-1])


def test_a_page_beyond_the_end_says_how_long_the_text_is() -> None:
    assert show([Section("a\nb")], LIMIT, 3) == "(nothing from line 3 on: there are 2)"
    assert show([], LIMIT) == "(nothing)"


def test_at_most_so_many_lines_are_shown_and_a_tool_may_say_what_to_do_instead() -> None:
    assert show([Section("a\nb\nc")], LIMIT, most=2) == "a\nb\n[more follows: read on with `from_line` 3]"
    assert show([Section("a\nb\nc")], LIMIT, most=2, instead="ask for fewer") == "a\nb\n[more follows: ask for fewer]"


def test_a_text_is_cut_with_a_word_on_the_rest() -> None:
    assert cut("short", LIMIT, "more") == "short"
    assert len(cut("x" * 2 * LIMIT, LIMIT, "more")) == LIMIT
    assert len(show([Section("")], LIMIT)) < NOTE_ROOM
