"""Turn the OpenAPI document into what the reference page shows."""

from dataclasses import dataclass
from typing import Any

METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a body or an answer, or one parameter."""

    name: str
    type: str
    is_required: bool
    help: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One method at one address."""

    method: str
    path: str
    summary: str
    parameters: tuple[Field, ...]
    body: tuple[Field, ...]
    answer: tuple[Field, ...]
    status: str


@dataclass(frozen=True, slots=True)
class Group:
    """The operations under one prefix."""

    name: str
    operations: tuple[Operation, ...]


def describe_operations(document: dict[str, Any]) -> list[Group]:
    """Return the operations of the document, grouped by prefix, in order of address."""
    groups: dict[str, list[Operation]] = {}
    for path, methods in document["paths"].items():
        name = path.removeprefix("/api/v1/").split("/")[0]
        found = [
            _operation(document, path, method, methods[method])
            for method in METHODS
            if method in methods
        ]
        groups.setdefault(name, []).extend(found)
    return [Group(name, tuple(found)) for name, found in groups.items()]


def _operation(
    document: dict[str, Any], path: str, method: str, spec: dict[str, Any]
) -> Operation:
    status, answer = next(iter(spec["responses"].items()))
    return Operation(
        method=method.upper(),
        path=path,
        summary=spec.get("description", ""),
        parameters=tuple(_parameter(item) for item in spec.get("parameters", [])),
        body=_fields_of(document, spec.get("requestBody", {})),
        answer=_fields_of(document, answer),
        status=status,
    )


def _parameter(item: dict[str, Any]) -> Field:
    name = item["name"] if item["in"] == "query" else f"{item['name']} ({item['in']})"
    return Field(
        name,
        _type_of(item["schema"]),
        item.get("required", False),
        item.get("description", ""),
    )


def _fields_of(document: dict[str, Any], part: dict[str, Any]) -> tuple[Field, ...]:
    content: dict[str, Any] = next(iter(part.get("content", {}).values()), {})
    schema = _row_of(document, content.get("schema", {}))
    required = schema.get("required", [])
    return tuple(
        Field(
            name,
            _type_of(field),
            name in required,
            field.get("description", ""),
        )
        for name, field in schema.get("properties", {}).items()
    )


def _row_of(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Return the object's schema; of a list or a page, that of one row."""
    schema = _resolve(document, schema)
    if schema.get("type") == "array":
        return _row_of(document, schema["items"])
    rows = schema.get("properties", {}).get("results")
    return _row_of(document, rows) if rows else schema


def _resolve(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in schema:
        return schema
    name = schema["$ref"].rsplit("/", 1)[1]
    found: dict[str, Any] = document["components"]["schemas"][name]
    return found


def _type_of(schema: dict[str, Any]) -> str:
    for key in ("allOf", "oneOf"):
        if key in schema:
            return _type_of(schema[key][0])
    if "$ref" in schema:
        return str(schema["$ref"].rsplit("/", 1)[1])
    if schema.get("type") == "array":
        return f"list of {_type_of(schema['items'])}"
    return str(schema.get("format") or schema.get("type") or "any")
