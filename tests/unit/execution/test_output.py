"""Output is kept in bounded memory, whole on disk, and never cut inside a character."""

from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kanban.execution.output import CappedOutput


@given(chunks=st.lists(st.binary(max_size=60), max_size=12), limit=st.integers(2, 80))
@example(chunks=["ü".encode()[:1], "ü".encode()[1:]], limit=2)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_head_and_tail_are_those_of_the_whole_however_it_is_cut(
    tmp_path: Path, chunks: list[bytes], limit: int
) -> None:
    whole = b"".join(chunks)
    text = whole.decode(errors="replace")
    full = tmp_path / "full"
    with CappedOutput(limit, full) as output:
        for chunk in chunks:
            output.feed(chunk)
        result = output.result(0)
    assert result.truncated == (len(text) > limit)
    if not result.truncated:
        assert result.output == text and not full.exists()
        return
    half = limit // 2
    marker = f"\n[… {len(text) - limit} characters left out; the full text is in {full} …]\n"
    assert result.output == text[:half] + marker + text[len(text) - (limit - half) :]
    assert full.read_bytes() == whole


def test_without_a_file_the_marker_says_that_the_rest_is_gone() -> None:
    with CappedOutput(10) as output:
        output.feed(b"0123456789abc")
        result = output.result(0)
    assert result.output == "01234\n[… 3 characters left out; the full text was not kept …]\n89abc"
    assert result.full_output is None


def test_a_file_that_cannot_be_made_does_not_stop_the_command(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with CappedOutput(10, tmp_path / "file" / "full") as output:
        output.feed(b"x" * 20)
        result = output.result(0)
    assert result.full_output is None
    assert "the full text could not be kept: " in result.output


def test_a_full_disk_does_not_stop_the_command(tmp_path: Path) -> None:
    (tmp_path / "full").symlink_to("/dev/full")
    with CappedOutput(10, tmp_path / "full") as output:
        output.feed(b"x" * 20)
        output.feed(b"y" * 20)
        result = output.result(0)
    assert "the full text could not be kept: No space left on device" in result.output
    assert result.output.endswith("yyyyy")


def test_an_endless_command_cannot_fill_the_disk(tmp_path: Path) -> None:
    full = tmp_path / "full"
    with CappedOutput(10, full, file_limit=100) as output:
        for _ in range(50):
            output.feed(b"0123456")
        result = output.result(0)
    assert full.read_bytes() == (b"0123456" * 15)[:100]
    assert f"the beginning of the full text is in {full}" in result.output
