"""A script's output between its nonces, however the stream is cut."""

from hypothesis import given
from hypothesis import strategies as st

from kanban.execution.ssh.envelope import Envelope, Report


def send(envelope: Envelope, stream: bytes, size: int) -> bytes:
    pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
    return b"".join(map(envelope.feed, pieces)) + envelope.finish()


@given(noise=st.binary(max_size=50), output=st.binary(max_size=200), size=st.integers(1, 60))
def test_output_is_what_stands_between_the_nonces_however_the_stream_is_cut(
    noise: bytes, output: bytes, size: int
) -> None:
    envelope = Envelope()
    nonce = envelope.nonce.encode()
    stream = noise + nonce + b"+\n" + output + nonce + b":7:12-34-sleep 13-35-sh\n" + b"later"
    assert send(envelope, stream, size) == output + b"later"
    assert envelope.noise == noise
    assert envelope.report == Report(7, ("12-34-sleep", "13-35-sh"))


def test_without_a_nonce_there_is_neither_output_nor_an_exit_status() -> None:
    envelope = Envelope()
    assert send(envelope, b"0\nWelcome!\n" + Envelope().nonce.encode() + b":0:\n", 7) == b""
    assert envelope.report is None and b"Welcome" in envelope.noise


def test_the_first_report_counts_and_a_stopped_script_has_no_exit_status() -> None:
    envelope = Envelope()
    nonce = envelope.nonce
    send(envelope, f"{nonce}+\n{nonce}:stopped:\n{nonce}:143:\n".encode(), 1000)
    assert envelope.report == Report(None, ())
