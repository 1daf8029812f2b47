"""What would break a tool in a new description of the API, beside the one that is kept."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

Schema = dict[str, Any]
#: limit of what may be sent -> whether the second value leaves less room than the first
_BOUNDS: dict[str, Callable[[float, float], bool]] = {
    "minimum": operator.gt,
    "minLength": operator.gt,
    "minItems": operator.gt,
    "maximum": operator.lt,
    "maxLength": operator.lt,
    "maxItems": operator.lt,
}


def breaks(before: Schema, after: Schema) -> list[str]:
    """Return, one sentence each, what version 1 promised in `before` and `after` does not keep.

    Named: a path, method, parameter, status, media type, code or property that is gone; a type
    that changed; a value no longer accepted; a bound that is tighter; another
    default; a parameter or a body's property newly required.
    """
    found: list[str] = []
    for path, item in before["paths"].items():
        if path not in after["paths"]:
            found.append(f"{path}: the path is gone")
            continue
        for method, operation in item.items():
            name = f"{method.upper()} {path}"
            if method not in after["paths"][path]:
                found.append(f"{name}: the method is gone")
                continue
            found += _operation(name, operation, after["paths"][path][method], before, after)
    return found


def _operation(name: str, before: Schema, after: Schema, old: Schema, new: Schema) -> Iterator[str]:
    held = {(p["in"], p["name"]): p for p in after.get("parameters", [])}
    known = {(p["in"], p["name"]): p for p in before.get("parameters", [])}
    for key, parameter in known.items():
        where = f"{name}: parameter {key[1]}"
        if key not in held:
            yield f"{where} is gone"
            continue
        if held[key].get("required") and not parameter.get("required"):
            yield f"{where} is now required"
        yield from _schema(where, parameter["schema"], held[key]["schema"], old, new, asked=True)
    for key, parameter in held.items():
        if key not in known and parameter.get("required"):
            yield f"{name}: parameter {key[1]} is new and required"
    if "requestBody" in before:
        yield from _content(
            f"{name}: body",
            before["requestBody"],
            after.get("requestBody", {}),
            old,
            new,
            asked=True,
        )
    for status, response in before["responses"].items():
        where = f"{name}: answer {status}"
        if status not in after["responses"]:
            yield f"{where} is gone"
            continue
        gone = set(response.get("x-codes", ())) - set(after["responses"][status].get("x-codes", ()))
        for code in sorted(gone):
            yield f"{where}: code {code} is gone"
        yield from _content(where, response, after["responses"][status], old, new, asked=False)


def _content(
    where: str, before: Schema, after: Schema, old: Schema, new: Schema, *, asked: bool
) -> Iterator[str]:
    for media, said in before.get("content", {}).items():
        if media not in after.get("content", {}):
            yield f"{where}: {media} is gone"
            continue
        now = after["content"][media].get("schema", {})
        yield from _schema(where, said.get("schema", {}), now, old, new, asked=asked)


def _schema(
    where: str,
    before: Schema,
    after: Schema,
    old: Schema,
    new: Schema,
    *,
    asked: bool,
    seen: tuple[str, ...] = (),
) -> Iterator[str]:
    """Yield what changed between two schemas; `asked`: one sends it, else one receives it."""
    if (reference := before.get("$ref", "")) in seen and reference:
        return
    seen = (*seen, reference)
    before, after = _resolved(before, old), _resolved(after, new)
    was, now = _types(before, old), _types(after, new)
    # What is sent may be accepted more widely, what is received may be said more narrowly.
    if was and ((asked and not was <= now) or (not asked and not now <= was)):
        yield f"{where}: type {_words(was)} became {_words(now)}"
    if asked:
        yield from _narrower(where, before, after)
    properties = after.get("properties", {})
    for name, inner in before.get("properties", {}).items():
        if name not in properties:
            yield f"{where}: property {name} is gone"
            continue
        yield from _schema(
            f"{where}.{name}", inner, properties[name], old, new, asked=asked, seen=seen
        )
    lost = set(before.get("required", ())) - set(after.get("required", ()))
    for name in sorted(lost & set(properties)) if not asked else []:
        yield f"{where}: property {name} may now be absent"
    added = set(after.get("required", ())) - set(before.get("required", ()))
    for name in sorted(added) if asked else []:
        yield f"{where}: property {name} is now required"
    for part in ("items", "additionalProperties"):
        if isinstance(before.get(part), dict) and isinstance(after.get(part), dict):
            yield from _schema(
                f"{where}[]", before[part], after[part], old, new, asked=asked, seen=seen
            )


def _narrower(where: str, before: Schema, after: Schema) -> Iterator[str]:
    """Yield how a value that was accepted may not be any more, or another is meant by none."""
    for bound, tighter in _BOUNDS.items():
        if bound in after and (bound not in before or tighter(after[bound], before[bound])):
            yield f"{where}: {bound} became {after[bound]}"
    if before.get("default") != after.get("default"):
        yield f"{where}: default {before.get('default')!r} became {after.get('default')!r}"
    if "enum" in after and "enum" not in before:
        yield f"{where}: only {after['enum']} are accepted"
    for value in before.get("enum", []):
        if "enum" in after and value not in after["enum"]:
            yield f"{where}: value {value!r} is no longer accepted"


def _resolved(schema: Schema, document: Schema) -> Schema:
    if "$ref" in schema:
        found: Schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        return found
    return schema


def _types(schema: Schema, document: Schema) -> set[str]:
    kind = schema.get("type")
    if kind is None:  # else its parts only narrow it
        parts = schema.get("anyOf") or schema.get("oneOf") or []
        return set().union(*(_types(_resolved(part, document), document) for part in parts))
    kinds = kind if isinstance(kind, list) else [kind]
    return {
        f"{k} ({schema['format']})" if k == "string" and "format" in schema else k for k in kinds
    }


def _words(types: set[str]) -> str:
    return " or ".join(sorted(types)) or "anything"
