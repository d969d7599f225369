"""The page's scripts: ES modules, joined into one when a page is rendered. Nothing is downloaded or built."""

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

_MAIN = "main.js"
_IMPORT = re.compile(r'^import\s[^;]*?from\s+"\./([a-z_]+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=const|let|function|async|class)", re.MULTILINE)


@cache
def join_modules() -> str:
    """Return all modules in the order of their imports, as one module.

    Their top-level names share a scope, so each exists once; a browser refuses a second declaration.
    """
    return "".join(_modules(_MAIN, set()))


def _modules(name: str, done: set[str]) -> Iterator[str]:
    if name in done:
        return
    done.add(name)
    source = files(__name__).joinpath(name).read_text(encoding="utf-8")
    for imported in _IMPORT.findall(source):
        yield from _modules(imported, done)
    yield _EXPORT.sub("", _IMPORT.sub("", source))
