"""Wording: what is caught, and what looks like it and is fine."""

import pytest

from kanban.briefs.wording import find_slips, find_subjective_words

VAGUE = [
    "Look at the website and list the inverters",
    "Figure out which inverters work with it",
    "Figure it out.",
    "EG4, Luxpower, etc.",
    "EG4, Luxpower etc",
    "Copy the headings, the footers and so on.",
    "Somehow join both lists",
    "Restart the server if needed",
    "Add tests where appropriate.",
    "The port is TBD",
    "Colours to be decided",
    "Use your best judgement for the name",
    "Research Solar-Assistant stuff",
    "Have Cody clean this up",
    "Make it work",
    "Update the relevant files",
    "Follow best practices",
    "Change the docs to match and adjust the index accordingly",
]

DANGLING = [
    "Use the layout as above",
    "Restart as described earlier",
    "See the previous ticket for the list",
    "As discussed, use two columns",
    "Do it like last time",
    "Take the values mentioned above",
    "The list is in the ticket before",
    "See ticket #12 for the names",
    "Edit the file and restart",
    "Update the docs.",
]

NESTED = [
    "First find out which port is used, then write it to `a.md`",
    "First figure out X, then based on that do Y",
    "If Y looks like Z then also do W",
    "Depending on the result, write one or two sections",
    "Read `a.md` and, based on that, decide the layout",
    "If it turns out that the port is closed, open it",
    "Once you know the version, install `b`",
]

FINE = [
    "Feels-like hidden when |feels − actual| < 2°F",
    "Feels-like is hidden if |feels − actual| < 2°F",
    "Append a line to the file `x/y.md`",
    "Append a line to the file /srv/x/y.md",
    "Open `a.md`; the file has three sections",
    "Set the author of each page",
    "Edit /etc/nginx/nginx.conf and ~/etc/app.conf; etcd stays",
    "The file name is lower case, the file system is ext4",
    "Keep the line above the header and values above 30",
    "On the first line write the title, then a blank line",
    "The theme changes colour depending on the time of day",
    "Pylontech, Deye and Sunsynk: one row each",
    'Remove the words "and so on" and `etc.` from `a.md`',
    "```\nfigure it out, as above, TBD\n```",
    "Read https://example.org/etc/as-needed/tbd",
    "As required by RFC 7231, send the header Date",
    "Comment on this ticket with a summary",
    "Look at the website https://example.org and copy its list of ports",
    "Somehowever is no word, nor is stuffed",
]


@pytest.mark.parametrize(
    ("code", "text"),
    [
        *(("vague-wording", text) for text in VAGUE),
        *(("dangling-reference", text) for text in DANGLING),
        *(("nested-condition", text) for text in NESTED),
    ],
)
def test_wording_that_leaves_a_worker_guessing_is_named(code: str, text: str) -> None:
    assert code in {slip.code for slip in find_slips(text)}


@pytest.mark.parametrize("text", FINE)
def test_plain_wording_passes(text: str) -> None:
    assert [slip.message for slip in find_slips(text)] == []


def test_the_message_holds_the_offending_words_and_what_to_write_instead() -> None:
    (slip,) = find_slips("List EG4, Luxpower, etc.")
    assert slip.message == "“etc.”: list every item"


def test_the_file_is_clear_when_the_brief_names_only_one() -> None:
    assert not find_slips("Edit the file and restart", referents=1)
    assert find_slips("Edit the file and restart", referents=2)


def test_f02_the_word_author_is_no_reference_and_no_failure() -> None:
    assert not find_slips("The author field and the authors' page stay; authorisation is unchanged")


def test_a_slip_is_named_once_however_often_it_occurs() -> None:
    assert len(find_slips("somehow " * 5000)) == 1


@pytest.mark.parametrize(
    "text",
    ["The tile looks good", "Everything works.", "The page is user-friendly", "It works as expected", "No issues"],
)
def test_taste_is_no_criterion(text: str) -> None:
    assert find_subjective_words(text)


@pytest.mark.parametrize(
    "text",
    ["The page answers with status 200", "The worker restarts", "works.md has five rows", "The looks.css is gone"],
)
def test_what_can_be_seen_is_a_criterion(text: str) -> None:
    assert find_subjective_words(text) == ""
