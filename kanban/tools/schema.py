"""The JSON schema of a tool's arguments as a model is told of it: whole, in one piece, without what says nothing."""

from functools import cache
from typing import Any

from pydantic import BaseModel

Schema = dict[str, Any]

# What repeats the name, what `required` says already, and bounds that nobody means to cross: paid for at each turn.
_NOISE = {"title", "$defs", "additionalProperties"}
_NO_BOUNDS = {"minLength": (0, 1), "minimum": (0, 1), "exclusiveMinimum": (0,), "default": (0, 1)}
_DEFINED = "#/$defs/"


@cache
def shape_of(model: type[BaseModel]) -> Schema:
    """The schema of a model with every part written where it is used. Shared: copy it before changing it."""
    schema = model.model_json_schema()
    shaped: Schema = _shape(schema, schema.get("$defs", {}))
    shaped.pop("description", None)  # docstrings are for engineers
    return {**shaped, "additionalProperties": False}


def _shape(part: Any, defined: Schema) -> Any:
    if isinstance(part, list):
        return [_shape(item, defined) for item in part]
    if not isinstance(part, dict):
        return part
    part = _inline(part, defined)
    shaped = {key: _shape_entry(key, value, defined) for key, value in part.items() if not _is_noise(key, value)}
    return _without_null(shaped)


def _inline(part: Schema, defined: Schema) -> Schema:
    """What a `$ref` stands for; the description of the field counts and not the docstring of its class."""
    if "$ref" not in part:
        return part
    meant = defined[part["$ref"].removeprefix(_DEFINED)]
    return {**{key: value for key, value in meant.items() if key != "description"}, **_without(part, "$ref")}


def _shape_entry(key: str, value: Any, defined: Schema) -> Any:
    if key == "properties":
        return {name: _shape(field, defined) for name, field in value.items()}
    return _shape(value, defined)


def _is_noise(key: str, value: Any) -> bool:
    if key == "default" and not isinstance(value, int | float):
        return True  # an empty text or list; what else it means is said in words
    return key in _NOISE or value in _NO_BOUNDS.get(key, ())


def _without_null(part: Schema) -> Schema:
    """A field that may be null may as well be left out, and that is all a model needs to know."""
    kinds = [kind for kind in part.get("anyOf", ()) if kind != {"type": "null"}]
    if len(kinds) != 1:
        return part
    return {**kinds[0], **_without(part, "anyOf")}


def _without(part: Schema, key: str) -> Schema:
    return {name: value for name, value in part.items() if name != key}
