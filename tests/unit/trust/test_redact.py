"""Secrets are replaced by their names wherever text leaves a run."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanban.trust.redact import PIECE, SHORTEST_SECRET, make_redactor, redact_file

secrets = st.dictionaries(
    st.sampled_from(["A_KEY", "B_TOKEN", "C_SECRET"]),
    st.text(st.characters(codec="ascii", min_codepoint=33, exclude_characters="[]"), min_size=SHORTEST_SECRET),
)


def test_a_secret_is_replaced_by_its_name():
    assert make_redactor({"A_KEY": "sk-12345678"})("key=sk-12345678!") == "key=[secret A_KEY]!"


def test_what_is_too_short_to_be_a_secret_is_left_alone():
    assert make_redactor({"A_KEY": "1234567"})("in 1234567 steps") == "in 1234567 steps"


def test_of_two_secrets_the_longer_one_is_seen_first():
    redact = make_redactor({"SHORT": "sk-12345678", "LONG": "sk-12345678-90"})
    assert redact("sk-12345678-90") == "[secret LONG]"


def test_a_secret_is_no_pattern():
    assert make_redactor({"A_KEY": "a.b*c(d)e"})("aXbbc(d)e a.b*c(d)e") == "aXbbc(d)e [secret A_KEY]"


@given(secrets, st.lists(st.text(max_size=5)))
def test_no_secret_is_left_in_any_text(known, around):
    text = "".join(part + value for part in ["", *around] for value in known.values())
    shown = make_redactor(known)(text)
    for name in known:
        shown = shown.replace(f"[secret {name}]", "\n")
    assert not any(value in shown for value in known.values())


@pytest.mark.parametrize("place", [0, PIECE - 5, PIECE, 3 * PIECE])
def test_in_a_file_of_any_length_no_secret_is_left_wherever_it_stands(tmp_path, place):
    file = tmp_path / "1.txt"
    before, after = b"\xffx\r\n" * (place // 4), b"y" * (2 * PIECE)
    file.write_bytes(before + b"sk-very-secret-1" + after)
    redact_file(file, make_redactor({"SOME_KEY": "sk-very-secret-1"}))
    assert file.read_bytes() == before + b"[secret SOME_KEY]" + after
    assert list(tmp_path.iterdir()) == [file]
