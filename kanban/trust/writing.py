"""Commands whose whole effect is on the files or the services that they name."""

import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from posixpath import join

from kanban.domain.scope import STARTS, TicketScope
from kanban.trust.script import WRITES, Command
from kanban.trust.words import UNKNOWN

LONGEST_SED = 2_000  # characters of a script of sed that are read
_ADDRESS = r"(?:\d+|\$|/(?:[^/\\]|\\.)*/)"
# substitutions and the like, never `e` nor `w`
_EDIT = r"(?:s([/|#,@!])(?:(?!\1)[^\\]|\\.)*\1(?:(?!\1)[^\\]|\\.)*\1[gIip\d]*|[dpq=]|[aic]\\?\s?[^\n]*)"
_PLAIN_MODE = re.compile(r"0?[0-7]{3}|[ugoa]*[-+=][rwxX]+(,[ugoa]*[-+=][rwxX]+)*")  # never setuid
_SED_SCRIPT = re.compile(rf"\s*(?:(?:{_ADDRESS}(?:,{_ADDRESS})?)?\s*!?\s*{_EDIT}\s*(?:[;\n]\s*)*)+")


def is_within_scope(command: Command, host: str, scope: TicketScope) -> bool:
    """Whether all that a command changes is what the ticket is about."""
    if command.elsewhere:
        return False
    if services := find_services(command.words):
        return all(scope.has_service(service) for service in services)
    paths = find_written(command.words)
    return bool(paths) and all(_covers(command, host, scope, path) for path in paths)


def _covers(command: Command, host: str, scope: TicketScope, path: str) -> bool:
    place = path if path.startswith("/") else join(command.folder or "", path)
    is_plain = UNKNOWN not in place and not (set(place) & set("*?[~"))
    return is_plain and ".." not in place.split("/") and place.startswith("/") and scope.covers(host, place)


def find_services(words: Sequence[str]) -> list[str]:
    """The services that a command starts, starts again or has read their settings."""
    operands = [word for word in words[1:] if not word.startswith("-")]
    match words[0]:
        case "systemctl" if operands[:1] and operands[0] in STARTS:
            return operands[1:]
        case "service" | "rc-service" if len(operands) == 2 and operands[1] in STARTS:
            return operands[:1]
        case "docker" | "podman" if operands[:1] == ["restart"]:
            return operands[1:]
    return []


def find_written(words: Sequence[str]) -> list[str]:
    """The files that a command writes, makes, moves or removes; none for a command that is not of this kind."""
    reader = _WRITERS.get(words[0])
    return reader(words[1:]) if reader else []


def _split(words: Sequence[str], valued: str = "") -> tuple[list[str], list[str]]:
    """The options and the operands of a command; an option of `valued` (letters) takes the next word along."""
    options: list[str] = []
    operands: list[str] = []
    rest = iter(words)
    for word in rest:
        if word == "--":
            operands.extend(rest)
        elif word.startswith("-") and len(word) > 1:
            options.append(word)
            if not word.startswith("--") and word[-1] in valued:
                options.append(next(rest, ""))
        else:
            operands.append(word)
    return options, operands


def _every_operand(words: Sequence[str]) -> list[str]:
    return _split(words, "s")[1] if not _is_recursive(words) else []


def _all_but_the_first(words: Sequence[str]) -> list[str]:
    return _split(words)[1][1:] if not _is_recursive(words) else []


def _given_modes(words: Sequence[str]) -> list[str]:
    operands = _split(words)[1]
    return _all_but_the_first(words) if operands and _PLAIN_MODE.fullmatch(operands[0]) else []


def _is_recursive(words: Sequence[str]) -> bool:
    options = [word for word in words if word.startswith(("-", UNKNOWN))]
    return any(
        UNKNOWN in word or word.startswith("--r") or (not word.startswith("--") and set(word) & set("rR"))
        for word in options
    )


def _has(options: Sequence[str], letters: str, *names: str) -> bool:
    """Whether an option is one of these letters, alone or among others, or begins like one of the names."""
    return any(
        option.startswith(names) if option.startswith("--") else bool(set(option[1:]) & set(letters))
        for option in options
        if option.startswith("-")
    )


def _moved(words: Sequence[str]) -> list[str]:
    options, operands = _split(words, "S")
    return [] if _has(options, "t", "--t") else operands


def _copied(words: Sequence[str]) -> list[str]:
    """Where `cp` writes to; with options that copy links as links, also where from: a link is written through."""
    options, operands = _split(words, "S")
    if _has(options, "t", "--t") or len(operands) < 2:
        return []
    return operands if _has(options, "adPRr", "--a", "--no-d", "--r", "--p") else operands[-1:]


def _installed(words: Sequence[str]) -> list[str]:
    options, operands = _split(words, "mogS")
    modes = [value for option, value in pairwise(options) if option == "-m"]
    flags = [option for option in options if option not in ("-m", *modes)]
    if _has(flags, "tsdm", "--t", "--s", "--d", "--m") or not all(map(_PLAIN_MODE.fullmatch, modes)):
        return []
    return operands[-1:] if len(operands) > 1 else []


def only_prints(words: Sequence[str]) -> bool:
    """Whether this is `sed` that prints what it edits: it writes no file and starts no program."""
    read = _read_sed(words[1:]) if words[0] == "sed" else None
    return read is not None and not read[0]


def _edited(words: Sequence[str]) -> list[str]:
    """The files of `sed -i`."""
    read = _read_sed(words)
    return read[1] if read is not None and read[0] else []


def _read_sed(words: Sequence[str]) -> tuple[bool, list[str]] | None:
    """Whether `sed` changes its files, and which they are; None where its script might do more than edit."""
    changes = False
    scripts: list[str] = []
    operands: list[str] = []
    rest = iter(words)
    for word in rest:
        if word == "--":
            operands.extend(rest)
        elif not word.startswith("-") or word == "-":
            operands.append(word)
        elif re.fullmatch(r"-[nErsuz]*e|--expression", word):
            scripts.append(next(rest, ""))
        elif re.fullmatch(r"-[nErsuz]*i\S*|--in-place(=\S+)?", word):
            changes = True
        elif not re.fullmatch(r"-[nErsuz]+|--(quiet|silent|regexp-extended|separate|null-data)", word):
            return None
    if not scripts:
        scripts, operands = operands[:1], operands[1:]
    return (changes, operands) if scripts and all(map(_only_edits, scripts)) else None


def _only_edits(script: str) -> bool:
    return UNKNOWN not in script and len(script) < LONGEST_SED and _SED_SCRIPT.fullmatch(script) is not None


_WRITERS: dict[str, Callable[[Sequence[str]], list[str]]] = {
    WRITES: lambda words: list(words),
    "tee": _every_operand,
    "touch": lambda words: _split(words, "dtr")[1],
    "mkdir": lambda words: _split(words, "m")[1],
    "rmdir": _every_operand,
    "truncate": _every_operand,
    "rm": _every_operand,
    "chmod": _given_modes,
    "chown": _all_but_the_first,
    "chgrp": _all_but_the_first,
    "mv": _moved,
    "cp": _copied,
    "install": _installed,
    "sed": _edited,
}
