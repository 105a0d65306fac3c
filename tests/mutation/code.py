"""Every mutant of one Python module."""

import ast
from collections.abc import Iterator
from textwrap import shorten

from tests.mutation.expressions import mutate
from tests.mutation.mutants import Mutant, numbered

_NO_ERROR = ast.Tuple([], ast.Load())
# mypy finds what they forbid before anything runs.
_KEPT_BY_MYPY = {"frozen", "slots"}
_LONGEST = 160
_NO_CONTEXT = "__import__('contextlib').nullcontext()"


def mutants_of(file: str, source: str) -> Iterator[Mutant]:
    """Yield every mutant of a module.

    Imports, annotations, docstrings and the texts of errors and problems are left alone: these
    texts are constants for people.
    """
    finder = _Finder(file, source)
    finder.visit(ast.parse(source))
    return numbered(finder.found)


class _Finder(ast.NodeVisitor):
    def __init__(self, file: str, source: str) -> None:
        self.found: list[Mutant] = []
        self._file = file
        # The tree counts columns in bytes.
        self._lines = source.encode().splitlines(keepends=True)
        self._names: list[str] = []
        self._returns: list[str] = []
        self._parents: list[ast.AST] = []

    def visit(self, node: ast.AST) -> None:
        self._parents.append(node)
        super().visit(node)
        self._parents.pop()

    # ------------------------------------------------------------ where nothing is changed

    def visit_Import(self, node: ast.Import) -> None:
        pass

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        pass

    def visit_TypeAlias(self, node: ast.TypeAlias) -> None:
        pass

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Constant):
            return
        if not isinstance(node.value, ast.Yield | ast.YieldFrom):
            self._statement(node, "pass", f"dropped: {_line(node)}")
        self.visit(node.value)

    def visit_Call(self, node: ast.Call) -> None:
        self._expression(node)
        called = ast.unparse(node.func)
        self.visit(node.func)
        for argument in node.args:
            if not (called == "Problem" and _is_prose(argument)):
                self.visit(argument)
        for keyword in node.keywords:
            if not (called == "dataclass" and keyword.arg in _KEPT_BY_MYPY):
                self.visit(keyword)

    def visit_Dict(self, node: ast.Dict) -> None:
        self._expression(node)
        # Dropping an entry has the same effect as renaming it.
        for one in [key for key in node.keys if not isinstance(key, ast.Constant)] + node.values:
            if one is not None:
                self.visit(one)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        self._expression(node)
        for value in node.values:
            if isinstance(value, ast.FormattedValue):
                self.visit(value.value)

    # ------------------------------------------------------------ definitions

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._names.append(node.name)
        for one in [*node.decorator_list, *node.body]:
            self.visit(one)
        self._names.pop()

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._names.append(node.name)
        self._returns.append(ast.unparse(node.returns) if node.returns else "")
        defaults = [one for one in [*node.args.defaults, *node.args.kw_defaults] if one]
        for one in [*node.decorator_list, *defaults, *node.body]:
            self.visit(one)
        self._returns.pop()
        self._names.pop()

    # ------------------------------------------------------------ statements

    def visit_Assign(self, node: ast.Assign) -> None:
        (target, *_) = node.targets
        if isinstance(target, ast.Name) and target.id in {"message", "msg"}:
            return
        if isinstance(target, ast.Subscript):
            self._statement(node, "pass", f"dropped: {_line(node)}")
        if isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == "NewType":
            return
        self.visit(node.value)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self._statement(node, "pass", f"dropped: {_line(node)}")
        self.visit(node.value)

    def visit_Delete(self, node: ast.Delete) -> None:
        self._statement(node, "pass", f"dropped: {_line(node)}")

    def visit_Raise(self, node: ast.Raise) -> None:
        self._statement(node, "pass", f"dropped: {_line(node)}")
        # ``from None`` keeps a log from following an error to what was sent.
        if isinstance(node.cause, ast.Constant):
            self._statement(
                node, ast.unparse(ast.Raise(node.exc)), f"without from None: {_line(node)}"
            )
        if isinstance(node.exc, ast.Call):
            for part in [*node.exc.args, *node.exc.keywords]:
                if not _is_prose(part):
                    self.visit(part)

    def visit_Return(self, node: ast.Return) -> None:
        if node.value is None:
            return
        if self._returns[-1] == "bool":
            for answer in ("True", "False"):
                if ast.unparse(node.value) != answer:
                    self._statement(node, f"return {answer}", f"{_line(node)} becomes {answer}")
        elif not (isinstance(node.value, ast.Constant) and node.value.value is None):
            self._statement(node, "return None", f"{_line(node)} becomes None")
        self.visit(node.value)

    def visit_If(self, node: ast.If) -> None:
        if ast.unparse(node.test) == "TYPE_CHECKING":
            return
        self._outcomes(node.test, "if", ("True", "False"))
        self.generic_visit(node)

    def visit_While(self, node: ast.While) -> None:
        self._outcomes(node.test, "while", ("False",))
        self.generic_visit(node)

    def visit_For(self, node: ast.For) -> None:
        self._replace(node.iter, "()", f"loop left out: for {_line(node.iter)}")
        self.visit(node.iter)
        for one in node.body:
            self.visit(one)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        for condition in node.ifs:
            self._outcomes(condition, "if", ("True",))
        self.visit(node.iter)
        for condition in node.ifs:
            self.visit(condition)

    def visit_With(self, node: ast.With) -> None:
        for item in node.items:
            if item.optional_vars is None:
                change = f"without: with {_line(item.context_expr)}"
                self._replace(item.context_expr, _NO_CONTEXT, change)
        self.generic_visit(node)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.type is not None:
            change = f"no longer caught: {_line(node.type)}"
            self._replace(node.type, ast.unparse(_NO_ERROR), change)
            if isinstance(node.type, ast.Tuple):
                self._expression(node.type)
        for one in node.body:
            self.visit(one)

    # ------------------------------------------------------------ expressions

    def generic_visit(self, node: ast.AST) -> None:
        if isinstance(node, ast.expr):
            self._expression(node)
        super().generic_visit(node)

    def _expression(self, node: ast.expr) -> None:
        parent = self._parents[-2]
        for change, new in mutate(node):
            # A constant alone says little: `True becomes False`.
            place = f" in {_line(parent)}" if isinstance(node, ast.Constant) else ""
            self._replace(node, f"({ast.unparse(new)})", change + place)

    def _outcomes(self, test: ast.expr, keyword: str, outcomes: tuple[str, ...]) -> None:
        for outcome in outcomes:
            change = f"{keyword} {_line(test)} becomes {keyword} {outcome}"
            self._replace(test, outcome, change)

    # ------------------------------------------------------------ text

    def _statement(self, node: ast.stmt, new: str, change: str) -> None:
        self._replace(node, new, change)

    def _replace(self, node: ast.expr | ast.stmt, new: str, change: str) -> None:
        last_line, last_column = node.end_lineno, node.end_col_offset
        assert last_line is not None
        assert last_column is not None
        before = b"".join(self._lines[: node.lineno - 1])
        before += self._lines[node.lineno - 1][: node.col_offset]
        after = self._lines[last_line - 1][last_column:] + b"".join(self._lines[last_line:])
        text = (before + new.encode() + after).decode()
        where = ".".join(self._names) or "module"
        described = shorten(change, _LONGEST, placeholder=" ...")
        self.found.append(Mutant(self._file, where, described, text))


def _line(node: ast.AST) -> str:
    return " ".join(ast.unparse(node).split())


def _is_prose(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value
