"""Every small change to the guard's source, and whether its tests notice it. Run as a script: prints the survivors.

A mutant is the module with one statement taken out or one operator, constant or condition made another. Each is tried
in a forked child whose import of the guard gives the changed source: first on plans whose verdict is known beforehand
(a tenth of a second), then, where those say the same as ever, by the guard's own tests.
"""

from __future__ import annotations

import ast
import importlib.abc
import importlib.machinery
import importlib.util
import os
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

__all__ = ["MODULES", "Mutant", "killed", "mutants", "sample", "unchanged", "warm"]

ROOT = Path(__file__).parents[2]
MODULES = ("bids", "brake", "breaker", "case", "lines", "settings", "whole")
TESTS = ("tests/failures/test_35_guard.py", "tests/test_guard.py")
TESTS_OF_BIDS = ("tests/test_guard_bids.py",)
APART = ("bids", "breaker")
"""Modules that no plan's verdict stands on."""
DRAWN = "on_every_edge"
"""The part of a test's name that says what the known plans say already."""

Known = tuple[tuple[Any, ...], set[tuple[str, str]]]
"""What `guard` is given, and what holds of it, as (check, budget)."""

_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_COUNTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}


class Mutant(NamedTuple):
    """One change: `was` is the line as it stands in the file."""

    module: str
    line: int
    was: str
    change: str
    source: str

    def __str__(self) -> str:
        return f"{self.module}.py:{self.line}: {self.change}: {self.was}"


def mutants(module: str) -> Iterator[Mutant]:
    """All of a module of bidder.guard."""
    return (make() for make in _makers(module))


def _makers(module: str) -> Iterator[Callable[[], Mutant]]:
    """What makes each: to write out a whole module costs far more than to find the place."""
    text = (ROOT / "bidder" / "guard" / f"{module}.py").read_text("utf-8")
    lines = text.splitlines()
    tree = ast.parse(text)
    words = {id(one) for part in _only_read(tree) for one in ast.walk(part)}

    def made(number: int, node: ast.AST, change: str, fresh: ast.AST) -> Mutant:
        copy = deepcopy(tree)
        old = next(one for place, one in enumerate(ast.walk(copy)) if place == number)
        fresh = deepcopy(fresh)
        if hasattr(old, "lineno"):
            ast.copy_location(fresh, old)
        changed = _Swap(old, fresh).visit(copy)
        at = getattr(node, "lineno", 0)
        source = ast.unparse(ast.fix_missing_locations(changed))
        return Mutant(module, at, lines[at - 1].strip(), change, source)

    for number, node in enumerate(ast.walk(tree)):
        if id(node) not in words:
            yield from (partial(made, number, node, change, fresh) for change, fresh in _changes(node))


def _only_read(tree: ast.Module) -> Iterator[ast.AST]:
    """What changes no verdict: annotations, and the words and figures of a reason."""
    for node in ast.walk(tree):
        match node:
            case ast.JoinedStr():
                yield node
            case ast.FunctionDef():
                args = [*node.args.args, *node.args.kwonlyargs]
                yield from (one.annotation for one in args if one.annotation is not None)
                if node.returns is not None:
                    yield node.returns
            case ast.AnnAssign():
                yield node.annotation


class _Swap(ast.NodeTransformer):
    def __init__(self, old: ast.AST, fresh: ast.AST) -> None:
        self._old = old
        self._fresh = fresh

    def visit(self, node: ast.AST) -> ast.AST:
        return self._fresh if node is self._old else self.generic_visit(node)


def _changes(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """(in words, the node instead)."""
    match node:
        case ast.Expr(value=ast.Yield() | ast.YieldFrom()) | ast.Continue() | ast.Raise():
            yield "taken out", ast.Pass()
        case ast.AugAssign():
            yield "taken out", ast.Pass()
        case ast.If(_, body, orelse):
            yield "always", ast.If(ast.Constant(True), body, orelse)
            yield "never", ast.If(ast.Constant(False), body, orelse)
        case ast.IfExp(_, body, orelse):
            yield "always the first", body
            yield "always the second", orelse
        case ast.Compare(left, [op], right) if type(op) in _COMPARED:
            yield (
                f"{type(op).__name__} → {_COMPARED[type(op)].__name__}",
                ast.Compare(left, [_COMPARED[type(op)]()], right),
            )
        case ast.BoolOp(op, values):
            for place in range(len(values)):
                others = [one for at, one in enumerate(values) if at != place]
                kept = others[0] if len(others) == 1 else ast.BoolOp(op, others)
                yield f"without term {place + 1}", kept
        case ast.UnaryOp(ast.Not(), operand):
            yield "not taken out", operand
        case ast.BinOp(left, op, right) if type(op) in _COUNTED:
            yield f"{type(op).__name__} → {_COUNTED[type(op)].__name__}", ast.BinOp(left, _COUNTED[type(op)](), right)
        case ast.Constant(bool() as value):
            yield f"{value} → {not value}", ast.Constant(not value)
        case ast.Constant(int() as value):
            yield f"{value} → {value + 1}", ast.Constant(value + 1)
        case ast.Constant(float() as value):
            yield f"{value} → {value * 2 + 1}", ast.Constant(value * 2 + 1)
        case ast.Call(ast.Name("max"), args, keywords):
            yield "max → min", ast.Call(ast.Name("min", ast.Load()), args, keywords)
        case ast.Call(ast.Name("min"), args, keywords):
            yield "min → max", ast.Call(ast.Name("max", ast.Load()), args, keywords)
        case ast.Call(ast.Name("abs"), [one], []):
            yield "abs taken out", one
        case ast.Tuple(elts, ctx) if (
            elts and all(isinstance(one, ast.Name) for one in elts) and isinstance(ctx, ast.Load)
        ):
            for place, one in enumerate(elts):
                assert isinstance(one, ast.Name)
                if one.id[0].islower():
                    yield f"{one.id} left out", ast.Tuple([x for at, x in enumerate(elts) if at != place], ctx)


class _Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives the changed source for one module."""

    def __init__(self, name: str, source: str) -> None:
        self._name = name
        self._source = source

    def find_spec(self, name: str, path: object, target: object = None) -> importlib.machinery.ModuleSpec | None:
        return importlib.util.spec_from_loader(name, self) if name == self._name else None

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self._source, self._name, "exec"), module.__dict__)


def killed(mutant: Mutant, known: Sequence[Known] = ()) -> bool:
    """Whether another verdict comes of a known plan or a test fails, or it cannot even be imported."""
    tests = TESTS_OF_BIDS if mutant.module == "bids" else TESTS
    judged = mutant.module not in APART and _fails(lambda: _judged(mutant, known))
    return judged or _fails(lambda: _tested(mutant, tests))


def _fails(look: Callable[[], int]) -> bool:
    """Whether this says anything but 0 in a child."""
    child = os.fork()
    if child == 0:
        code = 70
        try:
            nothing = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nothing, 1)
            os.dup2(nothing, 2)
            code = look()
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) != 0


def _forget(*packages: str) -> None:
    for name in [one for one in sys.modules if one.startswith(packages)]:
        del sys.modules[name]


def _judged(mutant: Mutant, known: Sequence[Known]) -> int:
    """Imports the guard alone anew: all that it stands on is there."""
    _forget("bidder.guard")
    sys.meta_path.insert(0, _Changed(f"bidder.guard.{mutant.module}", mutant.source))
    guard = importlib.import_module("bidder.guard").guard
    for given, held in known:
        if {(one.check, "" if one.budget is None else str(one.budget)) for one in guard(*given)} != held:
            return 1
    return 0


def _tested(mutant: Mutant, tests: Sequence[str]) -> int:
    import pytest

    _forget("bidder.guard", "bidder.decide", "tests")
    sys.meta_path.insert(0, _Changed(f"bidder.guard.{mutant.module}", mutant.source))
    os.chdir(ROOT)
    plain = [
        "-x",
        "-q",
        "--assert=plain",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        "-p",
        "no:timeout",
        "-p",
        "no:randomly",
        "-p",
        "no:cov",
    ]
    plain += ["-o", "addopts=", "-o", "filterwarnings=", "-m", "not chaos", "-k", f"not {DRAWN} and not mutant"]
    return int(pytest.main([*plain, *tests]))


def unchanged(module: str) -> Mutant:
    """The module as it is: the tests must pass on it, else every mutant would seem killed."""
    return Mutant(module, 0, "", "as it is", (ROOT / "bidder" / "guard" / f"{module}.py").read_text("utf-8"))


def sample(count: int, seed: int) -> list[Mutant]:
    """So many of all."""
    everything = [make for module in MODULES for make in _makers(module)]
    return [make() for make in random.Random(seed).sample(everything, count)]


def warm() -> None:
    """Imports what is large before the first fork."""
    for name in ("numpy", "pydantic", "hypothesis", "hypothesis.strategies", "pytest"):
        importlib.import_module(name)


def main() -> None:
    from tests.failures.test_35_guard import drawn, unexplained

    warm()
    known = drawn(1600)
    for module in sys.argv[1:] or MODULES:
        assert not killed(unchanged(module), known), "the tests fail without any change"
        alive, count = [], 0
        for one in mutants(module):
            count += 1
            if not killed(one, known):
                alive.append(one)
                print(f"  {one}", flush=True)
        print(f"{module}: {count} mutants, {len(alive)} survive, {len(unexplained(alive))} unexplained", flush=True)


if __name__ == "__main__":
    main()
