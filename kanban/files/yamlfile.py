"""The YAML files that a person edits: read with exact lines, checked against a model, changed with comments kept."""

import os
import re
import tempfile
import textwrap
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from kanban.errors import HomeError, InvalidFile, did_you_mean

M = TypeVar("M", bound=BaseModel)
Place = tuple[str | int, ...]

MAX_BYTES = 1_000_000
MAX_VALUES = 100_000  # a file within MAX_BYTES can still unfold to billions of values through its aliases
MAX_DEPTH = 50


@dataclass(frozen=True)
class Document:
    """A YAML mapping as plain data; `lines` gives the 1-based line of every place in it."""

    path: Path
    text: str
    data: dict[str, Any]
    lines: dict[Place, int] = field(repr=False)

    def error(self, place: Place, problem: str, hint: str = "") -> InvalidFile:
        """The error to raise when what stands at `place` is wrong."""
        return _as_error(self.path, [Problem(self._line_of(place), spell_place(place), problem, hint)])

    def as_model(self, model: type[M]) -> M:
        """Validate against `model`; raise InvalidFile that names every problem with its line."""
        try:
            return model.model_validate(self.data)
        except ValidationError as error:
            raise _as_error(self.path, [self._explain(model, one) for one in error.errors()]) from None

    def _line_of(self, place: Place) -> int | None:
        return self.lines.get(self._known_part(place))

    def _explain(self, model: type[BaseModel], error: ErrorDetails) -> "Problem":
        # "at" is set by validators of a list that know which item is wrong
        place = (*error["loc"], *error.get("ctx", {}).get("at", ()))
        place = tuple(part for part in place if part != "[key]")
        if error["type"] not in ("missing", "extra_forbidden"):
            place = self._known_part(place)
        problem, hint = _say(model, place, error)
        return Problem(self._line_of(place), spell_place(place), problem, hint)

    def _known_part(self, place: Place) -> Place:
        while place and place not in self.lines:
            place = place[:-1]
        return place


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong in a file."""

    line: int | None
    place: str
    problem: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.place}: {self.problem}" if self.place else self.problem


def load_model(path: Path, model: type[M], *, empty_ok: bool = False) -> M:
    """Read `path` as a `model`. `empty_ok` lets a file of nothing but comments stand for all defaults.

    Raises HomeError when the file is missing or unreadable, InvalidFile when its content is wrong.
    """
    return read_document(path, empty_ok=empty_ok).as_model(model)


def load_data(path: Path) -> dict[str, Any]:
    """Read `path` as plain data, unchecked but for being one YAML mapping."""
    return read_document(path).data


def read_document(path: Path, *, empty_ok: bool = False) -> Document:
    """Read `path` as a mapping with lines; raises as `load_model` does."""
    return parse_document(path, read_text(path), empty_ok=empty_ok)


def parse_document(path: Path, text: str, *, empty_ok: bool = False) -> Document:
    """Parse `text` as the content of `path`, which is only named in errors."""
    from ruamel.yaml import YAML
    from ruamel.yaml.nodes import MappingNode

    with _yaml_errors(path, text):
        yaml = YAML(typ="safe", pure=True)
        root = yaml.compose(text)
        if root is None and empty_ok:
            return Document(path, text, {}, {})
        if not isinstance(root, MappingNode):
            found = "it is empty" if root is None else f"it holds a {root.id}"
            hint = "look at the shipped file of the same name; `kanban init` restores a missing one"
            raise InvalidFile(path, 1, f"expected keys and values, but {found}", hint)
        unfolding = _Unfolding(path, yaml.constructor.construct_object)
        return Document(path, text, unfolding.unfold(root, ()), unfolding.lines)


def edit_yaml(path: Path, change: Callable[[Any], None]) -> None:
    """Let `change` alter the top mapping of the file in place; comments stay and the file is replaced at once."""
    write_atomically(path, change_yaml(path, change))


def change_yaml(path: Path, change: Callable[[Any], None]) -> str:
    """The text of the file after `change` has altered its top mapping; comments stay, and so does the file."""
    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedMap

    text = read_document(path, empty_ok=True).text
    yaml = YAML()
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.preserve_quotes = True
    yaml.width = 4096
    with _yaml_errors(path, text):
        data = yaml.load(text)
    top = CommentedMap() if data is None else data
    change(top)
    written = StringIO()
    yaml.dump(top, written)
    return written.getvalue() if data is not None else f"{text.rstrip()}\n\n{written.getvalue()}"


def put_first_in_text(path: Path, entries: Mapping[str, Mapping[str, Any]]) -> str:
    """The text of the file with an entry put first in each of these lists at its top; every other line stays.

    Where a list is written in another way than with a line for each entry, the whole file is written anew; comments
    stay all the same.
    """

    def change(top: Any) -> None:
        for key, entry in entries.items():
            if top.get(key) is None:
                top[key] = []
            top[key].insert(0, entry)

    wanted = change_yaml(path, change)
    text = read_text(path)
    for key, entry in entries.items():
        text = _insert_entry(text, key, entry)
    try:
        same = parse_document(path, text).data == parse_document(path, wanted).data
    except InvalidFile:
        same = False
    return text if same else wanted


def _insert_entry(text: str, key: str, entry: Mapping[str, Any]) -> str:
    """The entry on lines of its own, under the line of its key, as far in as the one that follows."""
    from ruamel.yaml import YAML

    found = re.search(rf"^{re.escape(key)}:[ ]*(?:#.*)?\n(?:[ ]*(?:#.*)?\n)*?(?P<indent>[ ]*)- ", text, re.MULTILINE)
    if found is None:
        return text
    yaml = YAML()
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.width = 4096
    dumped = StringIO()
    yaml.dump([dict(entry)], dumped)
    indent = found["indent"]
    lines = [f"{indent}{line}" if line else "" for line in textwrap.dedent(dumped.getvalue()).splitlines()]
    at = text.index("\n", found.start()) + 1
    return text[:at] + "\n".join(lines) + "\n" + text[at:]


def write_atomically(path: Path, text: str) -> None:
    """Replace the content of `path` (through a link, if it is one) or leave it as it was and raise HomeError."""
    target = path.resolve()
    try:
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o600
        descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(descriptor)
            Path(temporary).chmod(mode)
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise HomeError(
            f"{path} could not be written: {error.strerror}", "free some space or make its folder writable"
        ) from None


def read_text(path: Path) -> str:
    """The text of a file of at most MAX_BYTES; raises HomeError or InvalidFile."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        hint = "`kanban init` restores the missing files of a home and leaves the others alone; else check the path"
        raise HomeError(f"{path} is missing", hint) from None
    except OSError as error:
        raise HomeError(f"{path} cannot be read: {error.strerror}", "check what it is and who may read it") from None
    if len(raw) > MAX_BYTES:
        raise InvalidFile(path, None, f"is larger than {MAX_BYTES // 1000} kB", "is this the right file?")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InvalidFile(path, line, "is not UTF-8 text", "save it as UTF-8 in your editor") from None


def spell_place(place: Place) -> str:
    """`("rules", 2, "assign")` as `rules[2].assign`."""
    spelled = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return spelled.removeprefix(".")


class _Unfolding:
    """Turns composed nodes into plain data and notes the line of every place."""

    def __init__(self, path: Path, construct: Callable[[Any], Any]) -> None:
        self._path = path
        self._construct = construct
        self.lines: dict[Place, int] = {}

    def unfold(self, node: Any, place: Place) -> Any:
        line = node.start_mark.line + 1
        self.lines.setdefault(place, line)
        if len(self.lines) > MAX_VALUES or len(place) > MAX_DEPTH:
            raise InvalidFile(self._path, line, "unfolds to far too much", "write it out without anchors and aliases")
        if node.id == "mapping":
            return dict(self._pairs(node, place))
        if node.id == "sequence":
            return [self.unfold(item, (*place, index)) for index, item in enumerate(node.value)]
        try:
            return self._construct(node)
        except ValueError as error:
            raise InvalidFile(self._path, line, f"{spell_place(place)}: {node.value[:40]!r}: {error}") from None

    def _pairs(self, node: Any, place: Place) -> Iterator[tuple[str, Any]]:
        seen: dict[str, int] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            key = self._construct(key_node) if key_node.id == "scalar" else None
            if not isinstance(key, str):
                where = spell_place(place) or "the top level"
                raise InvalidFile(self._path, line, f"a key of {where} is not text", "put the key in quotes")
            if key in seen:
                problem = f"{spell_place((*place, key))}: stands here twice, first in line {seen[key]}"
                raise InvalidFile(self._path, line, problem, "keep one of the two")
            seen[key] = line
            self.lines[(*place, key)] = line
            yield key, self.unfold(value_node, (*place, key))


@contextmanager
def _yaml_errors(path: Path, text: str) -> Iterator[None]:
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        yield
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else None
        raise InvalidFile(path, line, f"is not YAML: {error.problem or error}", _yaml_hint(text, line)) from None
    except YAMLError as error:
        position = getattr(error, "position", None)
        line = text.count("\n", 0, position) + 1 if isinstance(position, int) else None
        raise InvalidFile(path, line, f"is not YAML: {str(error).splitlines()[0]}") from None
    except RecursionError:
        raise InvalidFile(path, None, "is nested far too deeply", "write it flat") from None


def _yaml_hint(text: str, line: int | None) -> str:
    lines = text.splitlines()
    if line and line <= len(lines) and re.match(r" *\t", lines[line - 1]):
        return "YAML does not allow tabs for indentation: use spaces"
    return "look at that line and the one above: a colon, a quote or the indentation"


def _as_error(path: Path, problems: list[Problem]) -> InvalidFile:
    problems = sorted(problems, key=lambda problem: problem.line or 0)
    first, others = problems[0], problems[1:]
    message = str(first)
    if others:
        listed = "; ".join(f"line {other.line}: {other}" for other in others[:20])
        message += f" (and {len(others)} more: {listed})"
    hints = list(dict.fromkeys(problem.hint for problem in problems if problem.hint))
    return InvalidFile(path, first.line, message, "; ".join(hints[:3]))


def _say(model: type[BaseModel], place: Place, error: ErrorDetails) -> tuple[str, str]:
    """What is wrong and what to do, in words."""
    match error["type"]:
        case "extra_forbidden":
            return "unknown key", did_you_mean(str(place[-1]), _keys_at(model, place[:-1]))
        case "missing":
            return "is missing", ""
        case "enum" | "literal_error":
            choices = re.findall(r"'([^']*)'", error.get("ctx", {}).get("expected", ""))
            return f"{_shorten(error['input'])} is not one of {', '.join(choices)}", (
                did_you_mean(str(error["input"]), choices)
            )
        case "value_error":
            return error["msg"].removeprefix("Value error, "), ""
        case "string_type" if not isinstance(error["input"], (dict, list)):
            return f"expected text, not {_shorten(error['input'])}", "put the value in quotes"
    message = error["msg"][:1].lower() + error["msg"][1:]
    return (message if "at" in error.get("ctx", {}) else f"{message}, not {_shorten(error['input'])}"), ""


def _shorten(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."


def _keys_at(model: type[BaseModel], place: Place) -> list[str]:
    """The keys that may stand at `place` of a `model`; none where any key may stand."""
    kind: Any = model
    for part in place:
        kind = _step_into(kind, part)
    return list(kind.model_fields) if isinstance(kind, type) and issubclass(kind, BaseModel) else []


def _step_into(kind: Any, part: str | int) -> Any:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        found = kind.model_fields.get(str(part))
        return _unwrap(found.annotation) if found else None
    if get_origin(kind) in (list, dict, tuple):
        return _unwrap(get_args(kind)[-1])
    return None


def _unwrap(kind: Any) -> Any:
    """The type inside `Annotated[...]` and `... | None`."""
    if get_origin(kind) is Annotated:
        return _unwrap(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        return _unwrap(next(arg for arg in get_args(kind) if arg is not type(None)))
    return kind
