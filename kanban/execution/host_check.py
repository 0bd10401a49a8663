"""Proves by trying that agents can work on a host."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial

from kanban.domain.host import Host
from kanban.errors import ExecutionError
from kanban.execution.ssh import SSHBackend
from kanban.execution.ssh.login import Login, describe_way

SECONDS = 20.0
STOP_SECONDS = 1.0
# what a shell between us and sh would change
HARD_TO_QUOTE = "it's it\\'s '\\'' \\\\ \"$HOME\" `id` $(id) !! !x %s *\nnew line \t ü ă ぁ"
SHOWN = 80


@dataclass(frozen=True)
class Finding:
    """One thing that was tried. One that is not `ok` would break work; a hint says what to do."""

    name: str
    ok: bool
    told: str
    hint: str = ""


def check_host(name: str, host: Host) -> Iterator[Finding]:
    """Log in and try everything that agents need. After a failed login nothing else is tried."""
    with closing(SSHBackend(name, host)) as backend:
        login = _try("login", partial(_check_login, backend))
        yield login
        if not login.ok:
            return
        checks = {
            "quoting": _check_quoting,
            "channel": _check_channel,
            "files": _check_files,
            "ending": _check_ending,
            "background": _check_background,
            "account": _check_account,
        }
        for subject, check in checks.items():
            yield _try(subject, partial(check, backend))


def _try(name: str, check: Callable[[], str]) -> Finding:
    """What `check` says, or what it raises."""
    try:
        return Finding(name, True, check())
    except ExecutionError as error:
        return Finding(name, False, str(error), error.hint)


def _check_login(backend: SSHBackend) -> str:
    shell = _output(backend, "command -v bash || command -v sh")
    return f"{describe_login(backend.find_login())}, commands run in {shell}"


def describe_login(login: Login) -> str:
    """Who logs in where, and by which way."""
    told = f"{login.user}@{login.where}"
    if login.via:
        told += f" via {describe_way(login.via)}"
    return told + (f" via `{login.proxy_command}`" if login.proxy_command else "")


def _check_quoting(backend: SSHBackend) -> str:
    result = backend.run(f"cat <<'END'\n{HARD_TO_QUOTE}\nEND\nexit 7", timeout=SECONDS)
    if (result.exit_status, result.output) != (7, f"{HARD_TO_QUOTE}\n"):
        raise ExecutionError(
            f"a command came back changed, with exit status {result.exit_status}: {result.output[:SHOWN]!r}",
            "look at what `sh` is on the host",
        )
    return "commands arrive unchanged, exit statuses come back"


def _check_channel(backend: SSHBackend) -> str:
    words = " ".join(backend.greeting.split())
    if not words:
        return "clean: the login shell prints nothing by itself"
    return f"the login shell prints by itself, which is left out of outputs and spoils SFTP: {words[:SHOWN]}"


def _check_files(backend: SSHBackend) -> str:
    folder = _output(backend, 'echo "${TMPDIR:-/tmp}"')
    data = secrets.token_bytes(2000)
    path = f"{folder}/kanban-check-{secrets.token_hex(8)}"
    way = "SFTP" if backend.has_sftp() else "commands, as it offers no SFTP that works"
    backend.list_dir(".")
    backend.write_bytes(path, data)
    try:
        found = backend.read_bytes(path, len(data) + 1)
    finally:
        backend.run(f"rm -f {path}", timeout=SECONDS)
    if found != data:
        raise ExecutionError(f"{path} came back changed after it was written", f"look at the disk of {folder}")
    return f"listed, written, read and removed in {folder} over {way}"


def _check_ending(backend: SSHBackend) -> str:
    result = backend.run("echo $$; sleep 300 & sleep 300", timeout=STOP_SECONDS)
    number = result.output.split()[0] if result.output.split() else ""
    if not result.timed_out or not number.isdigit() or "[…" in result.output:
        raise ExecutionError(
            f"a command that should be stopped was not: {result.output[: SHOWN * 2]!r}",
            "give the host a working `kill` and /proc or `ps`",
        )
    if backend.run(f"kill -0 {number}", timeout=SECONDS).exit_status == 0:
        raise ExecutionError(f"process {number} goes on after it was stopped", "give the host a working `kill`")
    return "a stopped command is gone with all that it started"


def _check_background(backend: SSHBackend) -> str:
    if backend.run("[ -r /proc/self/environ ] && command -v grep", timeout=SECONDS).exit_status == 0:
        return "what commands leave running is ended with the run"
    return "without /proc only what stays in the session of a command is ended with the run: start nothing with setsid"


def _check_account(backend: SSHBackend) -> str:
    if _output(backend, "id -u") == "0":
        return "the login is root: agents can change everything on it"
    if backend.run("command -v sudo", timeout=SECONDS).exit_status:
        return "the login is not root, and there is no sudo"
    if backend.run("sudo -n true", timeout=SECONDS).exit_status == 0:
        return "the login is not root, and sudo asks for no password"
    return "the login is not root, and sudo asks for a password, which agents cannot give: NOPASSWD in sudoers"


def _output(backend: SSHBackend, command: str) -> str:
    result = backend.run(command, timeout=SECONDS)
    if result.exit_status != 0:
        raise ExecutionError(
            f"`{command}` ended with {result.exit_status}: {result.output[:SHOWN]}",
            "look at the login's shell and PATH",
        )
    return result.output.strip()
