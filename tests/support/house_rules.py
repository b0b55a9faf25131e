"""The rules of the house, each a function from sources to what breaks it.

A tree of sources maps a path, relative to the repository, to a module's text, so that a test can
plant a violation without touching the files.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from difflib import SequenceMatcher
from pathlib import Path, PurePosixPath

Tree = Mapping[str, str]

PATCHES = "stream_verifier/media/webrtc/aiortc_patches/"
AIORTC = {"aiortc", "aioice"}
_PACKAGES = {"stream_verifier", "model"}
# What every Python object or a library in its public contract has.
_PUBLIC_UNDERSCORES = {"_asdict", "_replace", "_fields", "_make"}


def read_tree(root: Path, *packages: str) -> dict[str, str]:
    """All modules of these packages."""
    return {
        path.relative_to(root).as_posix(): path.read_text(encoding="utf-8")
        for package in packages
        for path in sorted((root / package).rglob("*.py"))
    }


def imports(source: str, *, at_load: bool = False) -> set[str]:
    """Dotted names that a module imports; ``from a import b`` gives both ``a`` and ``a.b``.

    Args:
        source: its text.
        at_load: only what is imported when it is loaded, neither in functions nor for type checks.
    """
    names: set[str] = set()
    for node in _loaded(ast.parse(source)) if at_load else ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def _loaded(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from _loaded(child)


def _prefixes(name: str) -> set[str]:
    parts = name.split(".")
    return {".".join(parts[:end]) for end in range(1, len(parts) + 1)}


def through_walls(tree: Tree, forbidden: Mapping[str, set[str]]) -> list[str]:
    """Imports of what a room must not know; a room is a folder or one module."""
    found = []
    for room, names in forbidden.items():
        inside = [path for path in tree if path == room or path.startswith(f"{room}/")]
        if not inside:
            found.append(f"{room} is not there")
        for path in inside:
            known = sorted(imports(tree[path]))
            found += [f"{path} imports {name}" for name in known if _prefixes(name) & names]
    return found


def knows_aiortc(tree: Tree, *, only: str) -> list[str]:
    """Modules outside a folder that import aiortc or aioice, or name their private parts."""
    return [
        f"{path} imports {name}"
        for path, source in tree.items()
        if not path.startswith(only)
        for name in sorted(imports(source))
        if name.split(".")[0] in AIORTC
    ]


def private_names_of_others(tree: Tree) -> list[str]:
    """Private attributes of aiortc's objects outside the one folder that may touch them.

    In a module that imports aiortc or aioice, a private attribute of anything but ``self`` and
    ``cls``, by a dot or by a string, counts; so does a mangled name anywhere.
    """
    found = []
    for path, source in tree.items():
        if path.startswith(PATCHES):
            continue
        knows = any(name.split(".")[0] in AIORTC for name in imports(source))
        for node in ast.walk(ast.parse(source)):
            found += [
                f"{path}:{getattr(node, 'lineno', 0)} touches {name}"
                for name in _private_names(node)
                if knows or _mangled(name)
            ]
    return found


def _private_names(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name):
            if _mangled(name):
                yield name
        case ast.Attribute(value=value, attr=name):
            own = isinstance(value, ast.Call) and ast.unparse(value.func) == "super"
            if _private(name) and not own:
                yield name
        case ast.Call(
            func=ast.Name(id="getattr" | "setattr" | "delattr" | "hasattr"),
            args=[_, ast.Constant(value=str(name)), *_],
        ):
            if _private(name):
                yield name
        case ast.Constant(value=str(name)):
            if _mangled(name):
                yield name


def _private(name: str) -> bool:
    dunder = name.startswith("__") and name.endswith("__")
    return name.startswith("_") and not dunder and name not in _PUBLIC_UNDERSCORES


def _mangled(name: str) -> bool:
    """Whether a name is one of aiortc's classes' own, as Python spells it from outside."""
    return name.isidentifier() and name.startswith("_RTC") and "__" in name


def import_cycles(tree: Tree) -> list[str]:
    """Modules that import each other in a ring when they are loaded, by way of others too."""
    modules = {_dotted(path): source for path, source in tree.items()}
    knows = {
        name: sorted(_known(imports(source, at_load=True), modules) - {name})
        for name, source in modules.items()
    }
    return [" -> ".join(ring) for ring in _rings(knows)]


def _dotted(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _known(names: Iterable[str], modules: Mapping[str, str]) -> set[str]:
    return {name for name in names if name in modules}


def _rings(knows: Mapping[str, list[str]]) -> Iterator[list[str]]:
    sys.setrecursionlimit(max(sys.getrecursionlimit(), 3 * len(knows)))
    done: set[str] = set()

    def visit(name: str, way: list[str]) -> Iterator[list[str]]:
        if name in way:
            yield [*way[way.index(name) :], name]
        elif name not in done:
            for other in knows[name]:
                yield from visit(other, [*way, name])
            done.add(name)

    for name in knows:
        yield from visit(name, [])


def loose_modules(tree: Tree, package: str, allowed: set[str]) -> list[str]:
    """Modules that lie beside the rooms of a package."""
    loose = {
        PurePosixPath(path).stem for path in tree if PurePosixPath(path).parent.name == package
    }
    return sorted(loose - allowed)


def near_twins(tree: Tree) -> list[str]:
    """Neighbours whose names differ by an s or an ending alone, such as link and links."""
    found = []
    for folder in sorted({str(PurePosixPath(path).parent) for path in tree}):
        names = sorted(_names_in(tree, folder))
        found += [
            f"{folder}: {one}, {other}"
            for number, one in enumerate(names)
            for other in names[number + 1 :]
            if _twins(one, other)
        ]
    return found


def _names_in(tree: Tree, folder: str) -> set[str]:
    inside = [
        PurePosixPath(path).relative_to(folder) for path in tree if path.startswith(f"{folder}/")
    ]
    return {path.parts[0].removesuffix(".py") for path in inside} - {"__init__", "__main__"}


_ENDINGS = ("s", "es", "er", "ed", "ing", "ings", "ion", "ions")


def _twins(one: str, other: str) -> bool:
    shared = SequenceMatcher(None, one, other).find_longest_match()
    stem = one[: shared.size] if shared.a == shared.b == 0 else ""
    rests = {one[len(stem) :], other[len(stem) :]}
    return len(stem) >= 4 and rests <= {"", "e", *_ENDINGS} and bool(rests & {"", "e", *_ENDINGS})
