"""Walk the addresses of the site, so that none is forgotten in the table of places."""

from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver


def addresses_of_the_site() -> Iterator[tuple[str, str, list[str]]]:
    """Yields (where, name, methods) of every address; methods as the site says them."""
    yield from _walk(get_resolver().url_patterns, where="page")


def _walk(
    patterns: list[URLPattern | URLResolver], *, where: str
) -> Iterator[tuple[str, str, list[str]]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = "api" if pattern.namespace == "api" else where
            yield from _walk(pattern.url_patterns, where=inner)
            continue
        actions = getattr(pattern.callback, "actions", None) or {}
        methods = [method.upper() for method in actions if method != "head"]
        yield where, pattern.name or str(pattern.pattern), methods
