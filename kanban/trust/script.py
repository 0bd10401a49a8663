"""A shell command taken apart: the commands that it runs, as far as its text tells."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from math import prod
from typing import TYPE_CHECKING

from kanban.trust.words import (
    MOST_VALUES,
    UNKNOWN,
    Values,
    find_values,
    is_split,
    read_escapes,
    read_values,
    text_of,
    walk,
)
from kanban.trust.wrappers import HiddenScript, Unreadable, is_opened, open_wrapper

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

LONGEST = 100_000  # bytes of a script that are read
MOST_NODES = 4_000  # pieces of a script that are looked at
DEEPEST = 8  # scripts within scripts
TOO_TANGLED = "it is too long or too tangled to read"
WRITES, PIPES = ">", "|"  # the names of what is no command: a redirection into a file, and a pipe

_SYSTEM_FOLDER = re.compile(r"(/usr(/local)?)?/s?bin/(?=[^/]+$)")
_PLAIN_VARIABLE = re.compile(
    r"(?!(https?|all|ftp|no)_proxy$)([a-z]\w*|LANG|LANGUAGE|LC_\w+|TZ|TERM|COLUMNS|LINES|NO_COLOR|CI|DEBIAN_FRONTEND)$"
)
_POWERFUL_VARIABLE = re.compile(
    r"PATH$|IFS$|ENV$|CDPATH$|HOME$|SHELL$|PS\d$|PROMPT_COMMAND$|BASH|LD_|GIT_|PYTHON|PERL|RUBY|NODE|JAVA|LESS|"
    r"SHELLOPTS$|DOCKER|KUBE|SSH|XDG|CURL|.*(PAGER|EDITOR|VISUAL|PROXY|ASKPASS|OPTIONS|OPTS|PRELOAD|CONFIG\w*)$"
)
_PAGERS = re.compile(r"(SYSTEMD_|GIT_|MAN)?PAGER=(cat)?$")
_TEXTS = ("expansion", "raw_string", "string", "ansi_c_string", "word", "concatenation")
_HIDDEN = re.compile(r"\w\[[^\]]*(\$\(|`)")  # which printf, read, test and their like carry out
_NAME_OF_NAME = re.compile(r"\w+(\s+-\w+)*\s+-\w*n")
# which some shells find before functions
_SPECIAL = frozenset({".", ":", "break", "continue", "eval", "exec", "exit", "export", "readonly", "return", "set"}) | {
    *("shift", "times", "trap", "unset", "source", "builtin", "command"),
}
_NO_FILE = re.compile(r"/dev/(null|stdout|stderr|tty|fd/\d+)$|\d+$|-$")


@dataclass(frozen=True)
class Command:
    """One command: its words, with UNKNOWN for what is known only when it runs, and the folder that it runs in.

    `folder` is None where that is not known. `elsewhere`: in a container or on another host.
    """

    words: tuple[str, ...]
    folder: str | None = None
    elsewhere: bool = False

    @property
    def name(self) -> str:
        """The program, without a folder of the system's."""
        return self.words[0]

    @property
    def line(self) -> str:
        """The words in one line."""
        return " ".join(self.words).replace("\n", " ")


@dataclass(frozen=True)
class Script:
    """The commands of a script, in their order, and why some of it cannot be told."""

    commands: tuple[Command, ...]
    doubts: tuple[str, ...]


def read_script(text: str, seconds: float) -> Script:
    """Take a script apart, within `seconds` of processor time. What cannot be read is a doubt, never an error."""
    reader = _Reader(time.process_time() + seconds)
    reader.read(text, 0, False)
    return Script(tuple(dict.fromkeys(reader.commands)), tuple(dict.fromkeys(reader.doubts)))


@cache
def _make_parser() -> "Parser":
    import tree_sitter_bash  # only what runs commands needs it
    from tree_sitter import Language, Parser

    return Parser(Language(tree_sitter_bash.language()))


def _parse(text: str, deadline: float) -> "Node | None":
    source = text.encode(errors="replace")
    if len(source) > LONGEST:
        return None
    try:
        tree = _make_parser().parse(
            lambda at, _: source[at : at + 4096], progress_callback=lambda *_: time.process_time() > deadline
        )
    except ValueError:
        _make_parser.cache_clear()  # a parser that was stopped would go on where it was
        return None
    return tree.root_node


class _Reader:
    def __init__(self, deadline: float) -> None:
        self.commands: list[Command] = []
        self.doubts: list[str] = []
        self._deadline = deadline
        self._functions: set[str] = set()  # of the script that is read now
        self._folder: str | None = None
        self._elsewhere = False

    def read(self, text: str, depth: int, elsewhere: bool) -> None:
        root = _parse(text, self._deadline)
        outer_functions, self._functions = self._functions, set()
        self._read(root, depth, elsewhere)
        self._functions = outer_functions

    def _read(self, root: "Node | None", depth: int, elsewhere: bool) -> None:
        if root is None or root.descendant_count > MOST_NODES:
            self.doubts.append(TOO_TANGLED)
            return
        if root.has_error:
            self.doubts.append("it cannot be read as a script")
        outer = self._elsewhere
        self._elsewhere = outer or elsewhere
        try:
            self._visit(root, find_values(root), depth)
        except RecursionError:
            self.doubts.append(TOO_TANGLED)
        self._elsewhere = outer

    def _visit(self, node: "Node", values: Values, depth: int) -> None:
        if time.process_time() > self._deadline:
            self.doubts.append(TOO_TANGLED)
            return
        kind, outer = node.type, self._folder
        if kind == "function_definition":
            self._define(node)
        elif kind == "unset_command":
            self._functions.clear()
        elif kind == "declaration_command" and _NAME_OF_NAME.match(text_of(node)):
            self.doubts.append("a variable stands for another")
        elif kind == "command":
            self._add_command(node, values, depth)
        elif kind in _TEXTS and hides_command(node):
            self.doubts.append("a part in quotes may run a command")
        elif kind == "variable_assignment":
            self._check_variable(node)
        elif kind == "file_redirect":
            self._add_redirect(node, values)
        elif kind == "pipeline":
            self._visit_pipeline(node, values, depth)
            return
        for child in node.children:
            self._visit(child, values, depth)
        is_over = kind == "list" and node.parent is not None and node.parent.type != "list"
        if is_over or kind in ("subshell", "command_substitution", "process_substitution"):
            self._folder = outer

    def _define(self, node: "Node") -> None:
        """Note a function that is surely there from now on: defined by the script itself, in no branch of it."""
        name, after = node.child_by_field_name("name"), node.next_sibling
        is_sure = node.parent is not None and node.parent.type == "program" and not _is_joined(after)
        if name is not None and is_sure and not is_opened((text_of(name),)) and text_of(name) not in _SPECIAL:
            self._functions.add(text_of(name))

    def _visit_pipeline(self, node: "Node", values: Values, depth: int) -> None:
        """The stages, and what is piped into what."""
        before: str | None = None
        for child in node.children:
            first, outer = len(self.commands), self._folder
            self._visit(child, values, depth)
            self._folder = outer
            names = [command.name for command in self.commands[first:] if command.name not in (WRITES, PIPES)]
            if names:
                if before is not None:
                    self.commands.extend(Command((PIPES, before, name)) for name in names)
                before = names[0]

    def _add_command(self, node: "Node", values: Values, depth: int) -> None:
        for words in _read_words(node, values):
            if not words:
                continue
            if UNKNOWN in words[0] or words[0][:1] == "~":
                self.doubts.append("which command it runs is known only when it runs")
            elif words[0] not in self._functions:  # what a function does stands in its body
                self._add(words, depth, False)
                self._follow(node, words)

    def _add(self, words: tuple[str, ...], depth: int, elsewhere: bool) -> None:
        words = (_SYSTEM_FOLDER.sub("", words[0]) or words[0], *words[1:])
        if words[0] == "export":
            self._check_names(words[1:])
        if depth > DEEPEST:
            self.doubts.append(TOO_TANGLED)
            return
        is_away = self._elsewhere or elsewhere
        try:
            inner = list(open_wrapper(words))
        except Unreadable as error:
            if not isinstance(error, HiddenScript):
                self.doubts.append(str(error))
            self.commands.append(Command(words, self._folder, is_away))
            return
        if not inner or not is_opened(words):
            self.commands.append(Command(words, self._folder, is_away))
        for one in inner:
            if one.script is not None:
                self.read(one.script, depth + 1, elsewhere or one.elsewhere)
            elif UNKNOWN in one.words[0]:
                self.doubts.append("which command it runs is known only when it runs")
            else:
                self._add(one.words, depth + 1, elsewhere or one.elsewhere)

    def _follow(self, node: "Node", words: tuple[str, ...]) -> None:
        """Where the commands after this one run: known where they run only if the change of folder went well."""
        if words[0] in ("cd", "pushd", "popd"):
            is_guarded = node.parent is not None and any(child.type == "&&" for child in node.parent.children)
            goes_to = words[1] if words[0] != "popd" and len(words) == 2 and UNKNOWN not in words[1] else None
            self._folder = goes_to if is_guarded and goes_to and goes_to.startswith("/") else None

    def _add_redirect(self, node: "Node", values: Values) -> None:
        operator = next((child.type for child in node.children if "<" in child.type or ">" in child.type), ">")
        target = node.child_by_field_name("destination") or node.children[-1]
        for value in read_values(target, values):
            if value.startswith(("/dev/tcp/", "/dev/udp/")):
                self.commands.append(Command(("connect", value), self._folder, self._elsewhere))
            elif operator != "<" and not _NO_FILE.match(value):
                self.commands.append(Command((WRITES, value), self._folder, self._elsewhere))

    def _check_variable(self, node: "Node") -> None:
        parent = node.parent
        is_handed_on = parent is not None and (
            parent.type == "command" or (parent.type == "declaration_command" and "export" in text_of(parent)[:40])
        )
        if is_handed_on:
            self._check_names([text_of(node)])
        elif _POWERFUL_VARIABLE.match(text_of(node).split("=")[0].rstrip("+")):
            self._doubt_variable(text_of(node))

    def _check_names(self, assignments: tuple[str, ...] | list[str]) -> None:
        """What commands find in their environment may change what they do."""
        for assignment in assignments:
            name = assignment.split("=")[0].rstrip("+")
            if "=" in assignment and not _PLAIN_VARIABLE.match(name) and not _PAGERS.match(assignment):
                self._doubt_variable(assignment)

    def _doubt_variable(self, assignment: str) -> None:
        self.doubts.append(f"{assignment.split('=')[0].rstrip('+')} may change what the commands do")


def hides_command(node: "Node") -> bool:
    """Whether a text holds a command that bash would find in it and the parser has not: an index, or a default."""
    text = read_escapes(text_of(node)) if node.type == "ansi_c_string" else text_of(node)
    if _HIDDEN.search(text.replace("\\", "")):
        return True
    if node.type != "expansion":
        return False
    if re.search(r"@[A-Z]\}$", text):
        return True
    return ("`" in text or "$(" in text) and all(child.type != "command_substitution" for child in walk(node))


def _is_joined(after: "Node | None") -> bool:
    """Whether what comes next makes a part of a pipe, a list or the background of what is before it."""
    return after is not None and after.type in ("&", "|", "|&", "&&", "||")


def _read_words(node: "Node", values: Values) -> Iterator[tuple[str, ...]]:
    """Each way that the words of a command may turn out."""
    read: list[list[tuple[str, ...]]] = []
    for child in node.children:
        if child.type in ("variable_assignment", "file_redirect", "heredoc_redirect", "herestring_redirect"):
            continue
        word = child.children[0] if child.type == "command_name" and child.children else child
        given = read_values(word, values)
        read.append([tuple(value.split()) if is_split(word) else (value,) for value in given])
    if prod(map(len, read)) > MOST_VALUES:
        read = [choices if len(choices) == 1 else [(UNKNOWN,)] for choices in read]
    for chosen in product(*read):
        yield tuple(word for words in chosen for word in words)
