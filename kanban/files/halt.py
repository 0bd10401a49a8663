"""The file STOP in a home: while it is there, nothing is started and no run goes on."""

from kanban.files.home import Home
from kanban.files.yamlfile import write_atomically

SHOWN_REASON = 200  # characters of the file that are said back
HALT_SECONDS = 0.5  # how often daemon and runs look for it
LIFT_HINT = "`kanban stop --lift` lets work go on"


def read_halt(home: Home) -> str | None:
    """Why everything is stopped, None while it is not; a file without words, or one that cannot be read, stops too."""
    try:
        text = home.stop_file.read_text(errors="replace")
    except FileNotFoundError:
        return None
    except OSError:
        text = ""
    return " ".join(text.split())[:SHOWN_REASON] or "the file STOP is in the home"


def tell_halt(reason: str) -> str:
    """That everything is stopped, and why."""
    return f"everything is stopped: {reason}"


def put_halt(home: Home, reason: str) -> None:
    """Stop everything. Raises HomeError where the file cannot be written."""
    write_atomically(home.stop_file, f"{reason}\n")


def lift_halt(home: Home) -> bool:
    """Let work go on; whether it was stopped."""
    was_there = home.stop_file.exists()
    home.stop_file.unlink(missing_ok=True)
    return was_there
