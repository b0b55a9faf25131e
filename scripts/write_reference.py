"""Writes the list of modules and what each offers: python scripts/write_reference.py.

Nothing is imported: all of it is read from the syntax trees, so that no package has to be there.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PATH = ROOT / "docs" / "reference" / "modules.md"
TOPS = ("stream_verifier", "model", "benchmarks")
IN_FULL = ("stream_verifier/", "model/runtime/", "model/types.py")
"""What serves. Of the rest there is a line a module."""
HEAD = """\
# Modules

Every module of the packages with the first line of its description and, for what serves, what it
offers: public functions, classes, methods and properties. Arguments after `*` are given by name;
units are in the names. Read a module's own docstrings for shapes, errors and sources.

Written by `python scripts/write_reference.py` (`make reference`) from the code; a test holds it
current. [architecture.md](../architecture.md) tells how the pieces go together.
"""
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
Function = ast.FunctionDef | ast.AsyncFunctionDef


def reference(root: Path = ROOT) -> str:
    """The whole page."""
    folders = (
        folder
        for top in TOPS
        for folder in sorted({path.parent for path in (root / top).rglob("*.py")})
    )
    return "\n".join([HEAD, *(room(folder, folder.relative_to(root)) for folder in folders)])


def room(folder: Path, name: Path) -> str:
    """A folder with its modules."""
    trees = {path.name: tree(path) for path in sorted(folder.glob("*.py"))}
    about = first_line(trees.pop("__init__.py", None))
    lines = [f"## {name.as_posix()}/", "", *([about, ""] if about else [])]
    for file, module in trees.items():
        lines.append(f"- **`{file.removesuffix('.py')}`** {first_line(module)}".rstrip())
        if f"{name.as_posix()}/{file}".startswith(IN_FULL):
            lines += offered(module)
    return "\n".join(lines) + "\n"


def tree(path: Path) -> ast.Module:
    """A module's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"))


def first_line(node: ast.Module | Definition | None) -> str:
    """The first line of a docstring, or nothing."""
    text = ast.get_docstring(node) if node is not None else None
    return text.splitlines()[0].strip() if text else ""


def offered(module: ast.Module) -> Iterator[str]:
    """The public functions, classes and methods that a module defines, a line each."""
    for node in public(module.body):
        if isinstance(node, Function):
            yield f"  - {described(node, '')}"
            continue
        yield f"  - `{node.name}{constructor(node)}` {first_line(node)}".rstrip()
        for method in public(node.body):
            if isinstance(method, Function):
                yield f"    - {described(method, '.')}"


def public(body: list[ast.stmt]) -> Iterator[Definition]:
    """Definitions at this level whose names have no underscore in front; setters left out."""
    for node in body:
        named = isinstance(node, Definition) and not node.name.startswith("_")
        if isinstance(node, Definition) and named and not decorated(node, "setter"):
            yield node


def constructor(node: ast.ClassDef) -> str:
    """What a class is made of: its ``__init__``, or else its fields where it is a record."""
    for one in node.body:
        if isinstance(one, ast.FunctionDef) and one.name == "__init__":
            return call(one)
    if decorated(node, "dataclass"):
        fields = [one.target for one in node.body if isinstance(one, ast.AnnAssign)]
        return f"({', '.join(map(ast.unparse, fields))})"
    return ""


def call(node: Function) -> str:
    """Arguments without self and result as written; of a property its type."""
    result = ast.unparse(node.returns) if node.returns else "None"
    if decorated(node, "property"):
        return f": {result}"
    arguments = ast.unparse(node.args)
    if arguments.split(",")[0] in ("self", "cls"):
        arguments = arguments.partition(", ")[2]
    return f"({arguments})" + ("" if result == "None" else f" -> {result}")


def described(node: Function, dot: str) -> str:
    """A function as it is called, and what it does."""
    return f"`{used_by(node)}{dot}{node.name}{call(node)}` {first_line(node)}".rstrip()


def used_by(node: Function) -> str:
    """What stands before a call of it, where that is not plain."""
    if decorated(node, "contextmanager"):
        return "async with " if isinstance(node, ast.AsyncFunctionDef) else "with "
    if any(isinstance(one, ast.Yield) for one in ast.walk(node)):
        return "async for … in " if isinstance(node, ast.AsyncFunctionDef) else "for … in "
    return "await " if isinstance(node, ast.AsyncFunctionDef) else ""


def decorated(node: Definition, by: str) -> bool:
    """Whether one of a definition's decorators is of that name."""
    return any(by in ast.unparse(one) for one in node.decorator_list)


def main() -> None:
    """Write the page."""
    PATH.parent.mkdir(parents=True, exist_ok=True)
    PATH.write_text(reference(), encoding="utf-8")


if __name__ == "__main__":
    main()
