"""Commands that start other commands: `sudo`, `env`, `timeout`, `xargs`, `sh -c` and their like."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from kanban.trust.words import UNKNOWN

SHELLS = frozenset({"sh", "bash", "dash", "ash", "zsh", "ksh", "mksh"})
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")


class Unreadable(Exception):
    """What a wrapper starts cannot be told from its words."""


class HiddenScript(Unreadable):
    """A shell reads a file or its standard input: whether that is harmless is for who knows the script to say."""


@dataclass(frozen=True)
class Inner:
    """What a wrapper starts: the words of a command, or the text of a script. `elsewhere`: not on this system."""

    words: tuple[str, ...] = ()
    script: str | None = None
    elsewhere: bool = False


@dataclass(frozen=True)
class _Wrapper:
    """How a wrapper's own words are told from those of the command: options that take a value, and operands.

    `repeats`: it adds words of its own to the command's. `shows`: options with which it starts nothing.
    """

    valued: str = ""
    operands: int = 0
    repeats: bool = False
    assigns: bool = False
    elsewhere: bool = False
    shows: tuple[str, ...] = ()


_EXEC = _Wrapper("e env u user w workdir detach-keys env-file index", 1, elsewhere=True)
_WRAPPERS: dict[tuple[str, ...], _Wrapper] = {
    ("sudo",): _Wrapper("u user g group h host p prompt C close-from r role t type T U other-user D", assigns=True),
    ("doas",): _Wrapper("u C"),
    ("env",): _Wrapper("u unset C chdir", assigns=True),
    ("nohup",): _Wrapper(),
    ("setsid",): _Wrapper(),
    ("exec",): _Wrapper("a"),
    ("command",): _Wrapper(shows=("-v", "-V")),
    ("builtin",): _Wrapper(),
    ("time",): _Wrapper("f o format output"),
    ("timeout",): _Wrapper("s signal k kill-after", 1),
    ("nice",): _Wrapper("n adjustment"),
    ("ionice",): _Wrapper("c class n classdata"),
    ("chrt",): _Wrapper("", 1),
    ("taskset",): _Wrapper("", 1),
    ("stdbuf",): _Wrapper("i o e input output error"),
    ("unbuffer",): _Wrapper(),
    ("busybox",): _Wrapper(shows=("--list",)),
    ("xargs",): _Wrapper("I L n P d s E a max-args max-procs delimiter arg-file max-lines", repeats=True),
    ("docker", "exec"): _EXEC,
    ("podman", "exec"): _EXEC,
    ("docker", "compose", "exec"): _EXEC,
    ("docker-compose", "exec"): _EXEC,
    ("lxc", "exec"): _Wrapper("", 1, elsewhere=True),
    ("pct", "exec"): _Wrapper("", 1, elsewhere=True),
    ("kubectl", "exec"): _Wrapper("n namespace c container context", 1, elsewhere=True),
}
_SHELL_VALUED = _Wrapper("o O rcfile init-file")
_LONGEST_NAME = max(map(len, _WRAPPERS))
_ALONE = dict.fromkeys(("sudo", "doas", "exec", "xargs", "time"), ("true",)) | {"env": ("env",)}
_WATCH = _Wrapper("n interval")
_SSH = _Wrapper("B b c D E e F I i J L l m O o p Q R S W w", 1, elsewhere=True)


def open_wrapper(words: Sequence[str]) -> Iterator[Inner]:
    """What these words start beside themselves; nothing for a plain command. Raises Unreadable."""
    if opener := _OPENERS.get(words[0]) or _BESIDE.get(words[0]):
        yield from opener(words)
    elif length := _count_name(words):
        yield from _open(words, length, _WRAPPERS[tuple(words[:length])])


def is_opened(words: Sequence[str]) -> bool:
    """Whether a wrapper does no harm by itself, so that only what it starts is to be judged."""
    return words[0] in _OPENERS or _count_name(words) > 0


def _count_name(words: Sequence[str]) -> int:
    """How many words the name of a wrapper has; 0 for what is none."""
    return next((length for length in range(_LONGEST_NAME, 0, -1) if tuple(words[:length]) in _WRAPPERS), 0)


def _open(words: Sequence[str], at: int, wrapper: _Wrapper) -> Iterator[Inner]:
    if len(words) > at and words[at] in wrapper.shows:
        yield Inner(("true",))
        return
    at = _skip_options(words, at, wrapper)
    at += wrapper.operands
    while wrapper.assigns and at < len(words) and _ASSIGNMENT.match(words[at]):
        yield Inner(("export", words[at]))
        at += 1
    if at < len(words) and words[at] == "--":
        at += 1
    rest = tuple(words[at:])
    if wrapper.repeats:
        rest = _fill_in(words[:at], rest)
    if rest:
        yield Inner((*rest, UNKNOWN) if wrapper.repeats else rest, elsewhere=wrapper.elsewhere)
    elif words[0] in _ALONE and at == len(words):
        yield Inner(("sudo-shell",) if _starts_shell(words) else _ALONE[words[0]])


def _fill_in(options: Sequence[str], rest: tuple[str, ...]) -> tuple[str, ...]:
    """The command of `xargs -I{}` with what stands for each item made unknown."""
    marks = ["{}"]
    for option, value in zip(options, [*options[1:], ""], strict=True):
        if option.startswith("-I"):
            marks.append(option[2:] or value)
        elif option.startswith("--replace="):
            marks.append(option.partition("=")[2])
    is_filled = any(re.match(r"-I|-i|--replace", option) for option in options)
    for mark in marks if is_filled else ():
        rest = tuple(word.replace(mark, UNKNOWN) for word in rest)
    return rest


def _starts_shell(words: Sequence[str]) -> bool:
    return words[0] in ("sudo", "doas") and not set(words[1:]) & {"-l", "-v", "-V", "-k", "-K", "--list", "--validate"}


def _skip_options(words: Sequence[str], at: int, wrapper: _Wrapper) -> int:
    """The place of the first word that is no option. Raises Unreadable for one that may be an option or not."""
    valued = set(wrapper.valued.split())
    while at < len(words) and words[at].startswith(("-", UNKNOWN)):
        word = words[at]
        if UNKNOWN in word:
            raise Unreadable(f"what {words[0]} starts is known only when it runs")
        if word == "--":
            return at + 1
        if word in ("-s", "--shell", "-i", "--login", "-e", "--edit") and words[0] in ("sudo", "doas"):
            raise Unreadable(f"{words[0]} {word} opens a shell or an editor")
        if word.startswith(("-o", "--output")) and words[0] == "time":
            raise Unreadable("time writes a file")
        if word.startswith(("-S", "--split-string")) and words[0] == "env":
            raise Unreadable("env -S takes its text apart in a way of its own")
        takes_next = word[2:] in valued if word.startswith("--") else word[-1] in valued and len(word) > 1
        attached = not word.startswith("--") and len(word) > 2 and word[1] in valued
        at += 2 if takes_next and not attached else 1
    return at


def _open_shell(words: Sequence[str]) -> Iterator[Inner]:
    """The script of `sh -c`. Raises Unreadable for a file or standard input: nobody has read what it holds."""
    at = 1
    while at < len(words) and words[at].startswith(("-", "+")) and not words[at].startswith("--"):
        letters = words[at][1:]
        if "c" in letters:
            at = _skip_options(words, at + 1, _SHELL_VALUED)
            if at < len(words):
                yield Inner(script=_know(words[at], words[0]))
                return
        at += 2 if letters[-1:] in ("o", "O") else 1
    if list(words[1:2]) == ["--version"]:
        yield Inner(("true",))
        return
    options = words[1:at]
    if at < len(words) and any("n" in option for option in options) and all(option[0] == "-" for option in options):
        yield Inner(("true",))  # it reads the file and carries nothing out
        return
    raise HiddenScript(f"{words[0]} runs a script that the command does not show")


def _open_text(words: Sequence[str]) -> Iterator[Inner]:
    """The text of `eval`, and the command of `trap`."""
    rest = list(words[1:] if words[0] == "eval" else words[1:2])
    yield Inner(("true",)) if rest in ([], ["-"]) else Inner(script=_know(" ".join(rest), words[0]))


def _open_watch(words: Sequence[str]) -> Iterator[Inner]:
    yield Inner(script=_know(" ".join(words[_skip_options(words, 1, _WATCH) :]), words[0]))


def _open_ssh(words: Sequence[str]) -> Iterator[Inner]:
    at = _skip_options(words, 1, _SSH) + 1
    if at < len(words):
        yield Inner(script=_know(" ".join(words[at:]), words[0]), elsewhere=True)


def _open_su(words: Sequence[str]) -> Iterator[Inner]:
    if "-c" in words[:-1]:
        yield Inner(script=_know(words[list(words).index("-c") + 1], words[0]))
    elif "--" in words[:-1]:
        yield Inner(tuple(words[list(words).index("--") + 1 :]))
    else:
        raise Unreadable(f"{words[0]} opens a shell")


def _open_find(words: Sequence[str]) -> Iterator[Inner]:
    inner: list[str] | None = None
    for word in words:
        if word in ("-exec", "-execdir", "-ok", "-okdir"):
            inner = []
        elif inner is not None and word in (";", "+"):
            if not inner:
                raise Unreadable("what find starts has no name")
            yield Inner(tuple(inner))
            inner = None
        elif inner is not None:
            inner.append(word.replace("{}", UNKNOWN))
    if inner is not None:
        raise Unreadable("what find starts has no end")


def _know(text: str, name: str) -> str:
    if UNKNOWN in text:
        raise Unreadable(f"what {name} runs is known only when it runs")
    return text


_Opener = Callable[[Sequence[str]], Iterator[Inner]]
_OPENERS: dict[str, _Opener] = {
    **dict.fromkeys(SHELLS, _open_shell),
    "eval": _open_text,
    "trap": _open_text,
    "watch": _open_watch,
    "su": _open_su,
    "runuser": _open_su,
}
_BESIDE: dict[str, _Opener] = {"ssh": _open_ssh, "find": _open_find}  # which do something themselves as well
