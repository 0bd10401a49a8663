"""The words of a shell command as bash would pass them on, as far as the text of a script tells them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from math import prod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node

UNKNOWN = "\N{OBJECT REPLACEMENT CHARACTER}"  # stands in a word for what is known only when it runs
MOST_VALUES = 64  # that a word or a command may have before it counts as unknown
MOST_BEFORE = 4  # words among which the name of a command is, after what starts it
NESTED = 4  # how deep variables may be made of variables

Values = Mapping[str, Sequence[str]]

_BRACES = re.compile(r"\{[^{}]*(,|\.\.)[^{}]*\}")
_SETTERS = {"read", "readarray", "mapfile", "getopts", "printf", "let", "wait", "unset", "eval"}
_NAME = re.compile(r"[A-Za-z_]\w*")
_GIVEN = {"HOME": ["~"], "PWD": ["."], "USER": ["user"], "LOGNAME": ["user"], "HOSTNAME": ["host"]}


def walk(node: "Node") -> Iterator["Node"]:
    """A node and all under it, in the order of the text."""
    waiting = [node]
    while waiting:
        here = waiting.pop()
        yield here
        waiting.extend(reversed(here.children))


def text_of(node: "Node") -> str:
    """The source of a node."""
    return (node.text or b"").decode(errors="replace")


def find_values(root: "Node") -> Values:
    """What each variable of a script may hold; one that is set in a way that cannot be followed is unknown."""
    found: dict[str, list[str]] = {name: list(values) for name, values in _GIVEN.items()}
    assigned: dict[str, list[Node | None]] = {}
    for node in walk(root):
        for name, value in _find_assignments(node):
            assigned.setdefault(name, []).append(value)
    for _ in range(NESTED):
        for name, nodes in assigned.items():
            values = [value for node in nodes for value in (read_values(node, found) if node else [UNKNOWN])]
            found[name] = values if len(values) <= MOST_VALUES else [UNKNOWN]
    return found


def _find_assignments(node: "Node") -> Iterator[tuple[str, "Node | None"]]:
    """The variables that a node sets and what to; None for what cannot be followed."""
    if node.type == "variable_assignment":
        name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        if name is not None:
            is_plain = name.type == "variable_name" and not any(child.type == "+=" for child in node.children)
            yield text_of(name).split("[")[0], value if is_plain and (value is None or value.type != "array") else None
    elif node.type == "for_statement":
        variable = node.child_by_field_name("variable")
        values = node.children_by_field_name("value")
        if variable is not None:
            yield from ((text_of(variable), value) for value in values or (None,))
    elif node.type in ("unset_command", "declaration_command") or _is_default(node):
        yield from ((text_of(child), None) for child in node.children if child.type == "variable_name")
    elif node.type == "command" and _SETTERS & {_bare(child) for child in node.children[:MOST_BEFORE]}:
        yield from ((name, None) for child in node.children[1:] for name in _NAME.findall(text_of(child)))


def _bare(node: "Node") -> str:
    return re.sub(r"[\\'\"]", "", text_of(node))


def _is_default(node: "Node") -> bool:
    """Whether this is `${NAME:=…}`, which sets a variable while it reads it."""
    return node.type == "expansion" and any(child.type in ("=", ":=") for child in node.children)


def read_values(node: "Node", values: Values) -> list[str]:
    """What one word may be, quotes removed: one text for each value of its variables."""
    if node.type in ("concatenation", "string"):
        if node.type == "concatenation" and _BRACES.search(text_of(node)):
            return [UNKNOWN]
        parts = _read_parts(node, values)
        if prod(map(len, parts)) > MOST_VALUES:
            return [UNKNOWN]
        return ["".join(chosen) for chosen in product(*parts)]
    return _read_simple(node, values)


def _read_parts(node: "Node", values: Values) -> list[list[str]]:
    """The parts of a string or a concatenation, what stands between its nodes included."""
    source, at, parts = node.text or b"", node.start_byte, []
    for child in node.children:
        parts.append([source[at - node.start_byte : child.start_byte - node.start_byte].decode(errors="replace")])
        if child.type != '"':
            parts.append(read_values(child, values))
        at = child.end_byte
    return parts


def _read_simple(node: "Node", values: Values) -> list[str]:
    text = text_of(node)
    match node.type:
        case "word" | "extglob_pattern" | "regex" | "test_operator" | "{" | "}" | "[" | "]" | "=":
            if _BRACES.search(text):
                return [UNKNOWN]
            plain = re.sub(r"\\(\n|.)", lambda found: "" if found[1] == "\n" else found[1], text, flags=re.DOTALL)
            return [f"{UNKNOWN}{plain}" if text[:1] in ("*", "?", "[") and len(text) > 1 else plain]
        case "number" | "file_descriptor" | "variable_name" | "special_variable_name":
            return [text]
        case "raw_string":
            return [text[1:-1]]
        case "string_content":
            return [re.sub(r'\\([$`"\\\n])', r"\1", text)]
        case "ansi_c_string":
            return [read_escapes(text[2:-1])]
        case "simple_expansion" | "expansion":
            return _read_variable(text, values)
        case "process_substitution":
            return ["/dev/fd/63"]
    return [UNKNOWN]


def _read_variable(text: str, values: Values) -> list[str]:
    name = text.removeprefix("$").removeprefix("{").removesuffix("}")
    return list(values.get(name, [UNKNOWN]))


def read_escapes(text: str) -> str:
    """What `$'…'` stands for."""
    try:
        return text.encode("ascii").decode("unicode_escape")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return UNKNOWN


def is_split(node: "Node") -> bool:
    """Whether what a word's variables hold is split at white space: outside of quotes it is."""
    kinds = ("simple_expansion", "expansion")
    return node.type in kinds or (node.type == "concatenation" and any(child.type in kinds for child in node.children))
