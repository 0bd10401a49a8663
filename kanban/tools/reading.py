"""Arguments as models really send them, read by the schema where only one reading is possible.

A list or object sent as a JSON string, a number or truth value as words, one item for a list of one, null for a field
that may be left out, an object wrapped in another, a fence or a last comma too many: each is read as it is meant.
A string where a string is asked for is never touched, and what could mean two things stays as it was sent.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from kanban.errors import InvalidInput
from kanban.tools.schema import Schema

_WRAPPERS = ("arguments", "parameters", "args", "params", "input")
_BESIDE_WRAPPER = {"name", "tool", "type", "id"}
_FENCED = re.compile(r"```\w*[ \t]*+\n(.*)```", re.DOTALL)
_STRING_OR_LAST_COMMA = re.compile(r'("(?:[^"\\]|\\.)*+(?:"|\Z))|,(?=\s*+[}\]])', re.DOTALL)
_INTEGER = re.compile(r"\s*([+-]?\d{1,30})(\.0{1,30})?\s*")
_NUMBER = re.compile(r"\s*[+-]?\d{1,30}(\.\d{1,30})?([eE][+-]?\d{1,3})?\s*")
_KINDS: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


def read_arguments(text: str, tool: str, schema: Schema) -> dict[str, Any]:
    """The arguments of a call of `tool`, each fitted to its schema. Raises InvalidInput when there is no object."""
    data = _unwrap(_load_arguments(text, tool), tool, schema)
    if not isinstance(data, dict):
        fields = ", ".join(schema.get("properties", ())) or "none"
        raise InvalidInput(
            f"the arguments of {tool} do not fit: arguments: Input should be an object, not {_name_kind(data)}",
            f"send the call again with one JSON object as arguments; its fields: {fields}",
        )
    return _fit_fields(data, schema)


def _load_arguments(text: str, tool: str) -> Any:
    if not text.strip():
        return {}
    try:
        data = _load(text)
        return _load(data) if isinstance(data, str) else data  # encoded twice
    except (ValueError, RecursionError) as error:  # also numbers and nesting beyond what Python reads
        raise InvalidInput(
            f"the arguments of {tool} are not JSON: {error}",
            "send the whole call again with one JSON object as arguments",
        ) from None


def _load(text: str) -> Any:
    """JSON, also with a fence round it or a comma after the last item. Raises ValueError."""
    try:
        return json.loads(text, object_pairs_hook=_join_pairs)
    except ValueError:
        fenced = _FENCED.fullmatch(text.strip())
        mended = _STRING_OR_LAST_COMMA.sub(lambda found: found[1] or "", fenced[1] if fenced else text)
        if mended == text:
            raise
        try:
            return json.loads(mended, object_pairs_hook=_join_pairs)
        except ValueError:
            pass
        raise


def _join_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    joined: dict[str, Any] = {}
    for key, value in pairs:
        if key in joined and joined[key] != value:
            raise ValueError(f"{key!r} is given twice with different values")
        joined[key] = value
    return joined


def _unwrap(data: Any, tool: str, schema: Schema) -> Any:
    """What is inside of `{"arguments": {…}}` and its like, which the tool itself has no field for."""
    if data is None:
        return {}
    if not isinstance(data, dict):
        return data
    for wrapper in (*_WRAPPERS, tool):
        beside = data.keys() - {wrapper}
        if wrapper not in data or wrapper in schema.get("properties", ()) or not beside <= _BESIDE_WRAPPER:
            continue
        inner = {} if data[wrapper] is None else _read_as_kind(data[wrapper], "object")
        if isinstance(inner, dict) and data.get("name", tool) == data.get("tool", tool) == tool:
            return inner
    return data


def _fit(value: Any, schema: Schema) -> Any:
    kinds = schema.get("anyOf", [schema])
    for kind in kinds:
        if _is_of_kind(value, kind):
            return _fit_parts(value, kind)
    readings = [read for kind in kinds if _is_of_kind(read := _read_as(value, kind), kind)]
    return readings[0] if len(readings) == 1 else value


def _fit_parts(value: Any, schema: Schema) -> Any:
    if isinstance(value, dict):
        return _fit_fields(value, schema)
    if isinstance(value, list):
        return [_fit(item, schema.get("items", {})) for item in value]
    return value


def _fit_fields(data: dict[str, Any], schema: Schema) -> dict[str, Any]:
    fields, required = schema.get("properties", {}), schema.get("required", ())
    return {
        name: _fit(value, fields[name]) if name in fields else value
        for name, value in data.items()
        if value is not None or name not in fields or name in required
    }


def _read_as(value: Any, schema: Schema) -> Any:
    kind = schema.get("type", "")
    read = _read_as_kind(value, kind)
    if kind == "array" and not isinstance(read, list):
        return _read_as_only_item(value, schema.get("items", {}))
    return _fit_parts(read, schema) if _is_of_kind(read, schema) else value


def _read_as_kind(value: Any, kind: str) -> Any:
    if kind == "integer" and isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, str):
        return value
    match kind:
        case "integer":
            found = _INTEGER.fullmatch(value)
            return int(found[1]) if found else value
        case "number":
            return float(value) if _NUMBER.fullmatch(value) else value
        case "boolean":
            return {"true": True, "false": False}.get(value.strip().lower(), value)
        case "array" | "object":
            return _load_or_keep(value)
    return value


def _load_or_keep(text: str) -> Any:
    try:
        return _load(text)
    except (ValueError, RecursionError):
        return text


def _read_as_only_item(value: Any, items: Schema) -> Any:
    """One item where a list is asked for; an empty string may mean no item or an empty one, so it stays."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return value
    item = _fit(value, items)
    return [item] if any(_is_of_kind(item, kind) for kind in items.get("anyOf", [items])) else value


def _is_of_kind(value: Any, schema: Schema) -> bool:
    kind = schema.get("type")
    if isinstance(value, bool):
        return kind in (None, "boolean")
    return kind is None or isinstance(value, _KINDS.get(kind, object))


def _name_kind(value: Any) -> str:
    names = {list: "a list", str: "a string", bool: "a truth value", int: "a number", float: "a number"}
    return names.get(type(value), type(value).__name__)
