"""Logins of every kind on the tests' sshd: each has a key of its own, behind which stands another login shell."""

import shlex
from pathlib import Path

from kanban.domain.host import Host
from tests.support.sshd import SSHServer

# How sshd would start it: `SHELL -c COMMAND`. `false` and its like are real login shells too.
SHELLS = {
    "bash": "bash -c",
    "dash": "dash -c",
    "busybox ash": "busybox ash -c",
    "fish": "fish -c",
    "zsh": "zsh -c",
    "mksh": "mksh -c",
    "tcsh": "tcsh -c",
}


def login_with(server: SSHServer, shell: str, environment: dict[str, str] | None = None) -> Host:
    """A login whose shell is `shell`, a command that takes one as its last argument."""
    settings = "".join(f"{name}={shlex.quote(value)} " for name, value in (environment or {}).items())
    return server.add_login(f'exec env {settings}{shell} "$SSH_ORIGINAL_COMMAND"')


def login_that_greets(server: SSHServer, folder: Path, shell: str = "sh") -> Host:
    """A login whose files print, for commands and for SFTP alike."""
    script = folder / "greeting"
    script.write_text(f'#!/bin/sh\necho "Welcome to webb"\necho "it is $(date)" >&2\nexec {shell} -c "$1"\n')
    script.chmod(0o755)
    return login_with(server, str(script))
