"""Reads the package's own source, for tests that judge it."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import threadwork

ROOT = Path(__file__).parents[2]
PACKAGE = Path(threadwork.__file__).parent


@dataclass(frozen=True)
class Module:
    """One file of the package: its dotted name without the root (``engine.run``), its text, and its syntax tree."""

    name: str
    path: Path
    text: str
    tree: ast.Module

    def imports(self) -> Iterator[tuple[int, str]]:
        """Give the line and the dotted name of each import; relative ones begin with as many dots as they go up."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield node.lineno, alias.name
            elif isinstance(node, ast.ImportFrom):
                yield node.lineno, "." * node.level + (node.module or "")

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        """Give every function and method."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node


def modules(part: str = "") -> list[Module]:
    """Return the modules of the package, or of one `part` of it, in the order of their names."""
    found = []
    for path in sorted((PACKAGE / part).rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        found.append(Module(name, path, text, ast.parse(text)))
    assert found, f"no module under {PACKAGE / part}"
    return found
