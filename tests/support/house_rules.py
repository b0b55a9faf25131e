"""The rules of the house, each a function from sources to what breaks it.

A tree of sources maps a path, relative to the repository, to a module's text, so that a test can
plant a violation without touching the files.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path, PurePosixPath

Tree = Mapping[str, str]

AIORTC = {"aiortc", "aioice"}
_OWN = {"self", "cls", "super()"}


def read_tree(root: Path, *packages: str) -> dict[str, str]:
    """All modules of these packages."""
    return {
        path.relative_to(root).as_posix(): path.read_text(encoding="utf-8")
        for package in packages
        for path in sorted((root / package).rglob("*.py"))
    }


@cache
def _parsed(source: str) -> ast.Module:
    return ast.parse(source)


@cache
def _nodes(source: str) -> tuple[ast.AST, ...]:
    """All of its syntax tree, walked once for all rules."""
    return tuple(ast.walk(_parsed(source)))


@cache
def imports(path: str, source: str, *, at_load: bool = False) -> frozenset[str]:
    """Dotted names that a module imports; ``from a import b`` gives both ``a`` and ``a.b``.

    Args:
        path: of the module, which relative imports start from.
        source: its text.
        at_load: only what is imported when it is loaded, neither in functions nor for type checks.
    """
    names: set[str] = set()
    for node in _loaded(_parsed(source)) if at_load else _nodes(source):
        match node:
            case ast.Import(names=aliases):
                names |= {alias.name for alias in aliases}
            case ast.ImportFrom(module=module, names=aliases, level=level):
                whole = ".".join([*_package(path, level), *([module] if module else [])])
                names |= {whole, *(f"{whole}.{alias.name}" for alias in aliases)}
            case ast.Call(
                func=ast.Name(id=called) | ast.Attribute(attr=called),
                args=[ast.Constant(value=str(name)), *_],
            ) if called in {"import_module", "__import__"}:
                names.add(name)
    return frozenset(names)


def _package(path: str, level: int) -> tuple[str, ...]:
    """The package that so many dots mean."""
    return PurePosixPath(path).parts[:-level] if level else ()


def _loaded(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from _loaded(child)


@cache
def _prefixes(name: str) -> frozenset[str]:
    parts = name.split(".")
    return frozenset(".".join(parts[:end]) for end in range(1, len(parts) + 1))


def _is_in(path: str, place: str) -> bool:
    return path == place or path.startswith(f"{place}/")


def through_walls(tree: Tree, forbidden: Mapping[str, set[str]]) -> list[str]:
    """Imports of what a place must not know; a place is a folder or one module."""
    found = []
    for place, names in forbidden.items():
        inside = [path for path in tree if _is_in(path, place)]
        if not inside:
            found.append(f"{place} is not there")
        for path in inside:
            known = sorted(imports(path, tree[path]))
            found += [f"{path} imports {name}" for name in known if _prefixes(name) & names]
    return found


def beyond_neighbours(tree: Tree, package: str, may_know: Mapping[str, set[str]]) -> list[str]:
    """Imports of rooms that a room was not given, and modules that are in no room.

    Args:
        tree: all modules.
        package: in which the rooms are.
        may_know: for each room, or module that is one by itself, which others it may import. The
            narrowest counts, so that what is within a room may know more, and be known less.
    """
    modules = {path: module for path in tree if (module := _within(_dotted(path), package))}
    gone = may_know.keys() - {_room(module, may_know) for module in modules.values()}
    found = [f"{room} is not there" for room in sorted(gone)]
    for path, module in modules.items():
        if (room := _room(module, may_know)) is None:
            found.append(f"{path} is in no room")
            continue
        known = {_room(_within(name, package), may_know) for name in imports(path, tree[path])}
        strange = known - {None, room} - may_know[room]
        found += [f"{path} imports {other}" for other in sorted(filter(None, strange))]
    return found


def _within(name: str, package: str) -> str:
    """A dotted name without the package that it is in; nothing if it is not."""
    return name.removeprefix(f"{package}.") if name.startswith(f"{package}.") else ""


def _room(name: str, rooms: Iterable[str]) -> str | None:
    """The narrowest room that a dotted name lies in."""
    return max(_prefixes(name) & set(rooms), key=len, default=None)


def knows_aiortc(tree: Tree, *, only: str) -> list[str]:
    """Modules outside a folder that import aiortc or aioice."""
    return [
        f"{path} imports {name}"
        for path, source in tree.items()
        if not path.startswith(only)
        for name in sorted(imports(path, source))
        if _is_theirs(name)
    ]


def private_names_of_others(tree: Tree, *, room: str, only: str) -> list[str]:
    """Private names of aiortc and aioice outside the one folder that may touch them.

    Where their objects are at hand, every private name counts that is not one's own: by a dot, in
    a string, or imported; of ``self`` too, in a class that is derived from one of theirs and never
    sets it. Elsewhere, names count that Python mangled for a class of theirs.

    Args:
        tree: all modules.
        room: where their objects are at hand, as they are in every module that imports them.
        only: the folder that may touch them.
    """
    found = []
    for path, source in tree.items():
        if path.startswith(only):
            continue
        near = path.startswith(room) or any(_is_theirs(one) for one in imports(path, source))
        found += [f"{path}:{line} touches {name}" for line, name in _private_names(source, near)]
    return found


@cache
def _private_names(source: str, near: bool) -> tuple[tuple[int, str], ...]:
    nodes = _nodes(source)
    return tuple([*_touched(nodes), *_inherited(nodes)] if near else _mangled_names(nodes))


def _is_theirs(name: str) -> bool:
    return name.partition(".")[0] in AIORTC


def _touched(nodes: Iterable[ast.AST]) -> Iterator[tuple[int, str]]:
    """Private names of anything but ``self``, ``cls`` and ``super()``, with their lines."""
    for node in nodes:
        match node:
            case ast.Attribute(value=value, attr=name) if _private(name):
                names = [] if ast.unparse(value) in _OWN else [name]
            case ast.Constant(value=str(text)):
                names = text.split(".")
            case ast.ImportFrom(module=str(name), names=aliases) if _is_theirs(name):
                names = [*name.split("."), *(alias.name for alias in aliases)]
            case ast.Import(names=aliases):
                names = [part for alias in aliases for part in alias.name.split(".")]
            case _:
                continue
        yield from ((node.lineno, name) for name in names if _private(name))
    yield from _mangled_names(nodes)


def _mangled_names(nodes: Iterable[ast.AST]) -> Iterator[tuple[int, str]]:
    for node in nodes:
        match node:
            case ast.Attribute(attr=name) | ast.Constant(value=str(name)) if _mangled(name):
                yield node.lineno, name


def _inherited(nodes: Iterable[ast.AST]) -> Iterator[tuple[int, str]]:
    """Private names of ``self`` that a class derived from one of theirs reads and never sets."""
    theirs = {
        alias.asname or alias.name
        for node in nodes
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
        if _is_theirs(getattr(node, "module", None) or alias.name)
    }
    for node in nodes:
        if isinstance(node, ast.ClassDef) and {_first(base) for base in node.bases} & theirs:
            yield from _never_set(node)


def _first(base: ast.expr) -> str:
    return ast.unparse(base).partition(".")[0]


def _never_set(node: ast.ClassDef) -> Iterator[tuple[int, str]]:
    own = [
        part
        for part in ast.walk(node)
        if isinstance(part, ast.Attribute) and ast.unparse(part.value) == "self"
    ]
    methods = ast.FunctionDef | ast.AsyncFunctionDef
    made = {part.name for part in node.body if isinstance(part, methods)}
    made |= {part.attr for part in own if isinstance(part.ctx, ast.Store)}
    yield from (
        (part.lineno, part.attr) for part in own if _private(part.attr) and part.attr not in made
    )


def _private(name: str) -> bool:
    dunder = name.startswith("__") and name.endswith("__")
    return name.isidentifier() and name.startswith("_") and name.strip("_") != "" and not dunder


def _mangled(name: str) -> bool:
    """Whether a name is one of aiortc's classes' own, as Python spells it from outside."""
    return name.isidentifier() and name.startswith("_RTC") and "__" in name


def import_cycles(tree: Tree) -> list[str]:
    """A ring of modules that import each other when they are loaded, if there is one."""
    paths = {_dotted(path): path for path in tree}
    knows = {
        name: (imports(path, tree[path], at_load=True) & paths.keys()) - {name}
        for name, path in paths.items()
    }
    try:
        TopologicalSorter(knows).prepare()
    except CycleError as error:
        return [" -> ".join(error.args[1])]
    return []


def _dotted(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def loose_modules(tree: Tree, package: str, allowed: set[str]) -> list[str]:
    """Modules that lie beside the rooms of a package."""
    loose = {
        PurePosixPath(path).stem for path in tree if PurePosixPath(path).parent.name == package
    }
    return sorted(loose - allowed)


def near_twins(tree: Tree) -> list[str]:
    """Neighbours whose names differ by an s or an ending alone, such as link and links."""
    twins: dict[tuple[str, str], set[str]] = {}
    for path in tree:
        for place in (PurePosixPath(path), *PurePosixPath(path).parents):
            if place.name and not place.stem.startswith("__"):
                twins.setdefault((str(place.parent), _stem(place.stem)), set()).add(place.stem)
    return [
        f"{folder}: {', '.join(sorted(names))}"
        for (folder, _), names in sorted(twins.items())
        if len(names) > 1
    ]


_ENDINGS = re.compile(r"(?<=\w{3})(e?s|e|ed|ers?|ors?|ings?|ions?|ments?|y|ies)$")


def _stem(name: str) -> str:
    """A name without its ending, nor the letter that it doubled."""
    return re.sub(r"(\w)\1$", r"\1", _ENDINGS.sub("", name))
