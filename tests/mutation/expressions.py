"""Changes to one Python expression."""

import ast
import copy
from collections.abc import Callable, Iterator
from functools import singledispatch

from tests.mutation.conditions import is_condition, mutate_condition

type Changes = Iterator[tuple[str, ast.expr]]

_OTHER_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_NORMALISING = {"strip", "lower", "upper", "casefold", "replace"}
_UNTOUCHED_ARGUMENTS = {
    # botocore itself refuses a call without these.
    "TableName",
    "Key",
    "Item",
    "Bucket",
    "ExpressionAttributeNames",
    "ExpressionAttributeValues",
}
# How DynamoDB writes types; botocore refuses any other.
_WIRE_TYPES = {"S", "N", "B", "L", "M", "SS", "NS", "BOOL", "NULL"}


@singledispatch
def mutate(_node: ast.expr) -> Changes:
    """Yield each changed form of an expression, preceded by what was changed."""
    yield from ()


def changed[N: ast.AST](node: N, change: Callable[[N], object]) -> N:
    """Return a copy of a node with a change made to it."""
    other = copy.deepcopy(node)
    change(other)
    return other


@mutate.register
def _(node: ast.Compare) -> Changes:
    for index, operator in enumerate(node.ops):
        for other in _OTHER_COMPARISONS[type(operator)]:
            new = copy.deepcopy(node)
            new.ops[index] = other()
            yield f"{ast.unparse(node)} becomes {ast.unparse(new)}", new


@mutate.register
def _(node: ast.BoolOp) -> Changes:
    other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    yield (
        f"{type(other).__name__.lower()} instead: {ast.unparse(node)}",
        ast.BoolOp(other, node.values),
    )
    for index, value in enumerate(node.values):
        left = [one for at, one in enumerate(node.values) if at != index]
        yield (
            f"dropped from {type(node.op).__name__.lower()}: {ast.unparse(value)}",
            (left[0] if len(left) == 1 else ast.BoolOp(node.op, left)),
        )


@mutate.register
def _(node: ast.BinOp) -> Changes:
    for operand in (node.left, node.right):
        yield f"{ast.unparse(node)} becomes {ast.unparse(operand)}", operand


@mutate.register
def _(node: ast.UnaryOp) -> Changes:
    if isinstance(node.op, ast.Not):
        yield f"no longer negated: {ast.unparse(node)}", node.operand


@mutate.register
def _(node: ast.IfExp) -> Changes:
    for branch in (node.body, node.orelse):
        yield f"{ast.unparse(node)} becomes {ast.unparse(branch)}", branch


@mutate.register
def _(node: ast.Constant) -> Changes:
    value = node.value
    new: object
    if isinstance(value, bool):
        new = not value
    elif isinstance(value, int):
        new = value + 1
    elif isinstance(value, str) and is_condition(value):
        for change, condition in mutate_condition(value):
            yield f"condition, {change}", ast.Constant(condition)
        return
    elif isinstance(value, str) and value not in _WIRE_TYPES:
        new = f"{value}~"
    elif isinstance(value, bytes):
        new = value + b"~"
    else:
        return
    yield f"{value!r} becomes {new!r}", ast.Constant(new)


@mutate.register
def _(node: ast.JoinedStr) -> Changes:
    inserted = [one for one in node.values if isinstance(one, ast.FormattedValue)]
    template = "".join(
        str(one.value) if isinstance(one, ast.Constant) else f"\0{inserted.index(one)}\0"
        for one in node.values
        if isinstance(one, ast.Constant | ast.FormattedValue)
    )
    shown = {f"\0{index}\0": f"{{{ast.unparse(one.value)}}}" for index, one in enumerate(inserted)}
    if not is_condition(template):
        yield f"{ast.unparse(node)} gets a further letter", _joined(f"{template}~", inserted)
        return
    for change, condition in mutate_condition(template):
        described = change
        for placeholder, source in shown.items():
            described = described.replace(placeholder, source)
        yield f"condition, {described}", _joined(condition, inserted)


def _joined(template: str, inserted: list[ast.FormattedValue]) -> ast.JoinedStr:
    values: list[ast.expr] = []
    for index, part in enumerate(template.split("\0")):
        if index % 2:
            values.append(inserted[int(part)])
        elif part:
            values.append(ast.Constant(part))
    return ast.JoinedStr(values)


@mutate.register
def _(node: ast.Call) -> Changes:
    called = ast.unparse(node.func)
    for index, keyword in enumerate(node.keywords):
        # A flag is flipped where its value is given.
        flag = isinstance(keyword.value, ast.Constant) and isinstance(keyword.value.value, bool)
        if keyword.arg not in _UNTOUCHED_ARGUMENTS and not flag:
            shown = ast.unparse(changed(node, lambda new, at=index: _only_keyword(new, at)))  # type: ignore[misc]
            yield (
                f"argument dropped: {shown}",
                changed(
                    node,
                    lambda new, at=index: new.keywords.pop(at),  # type: ignore[misc]
                ),
            )
    if isinstance(node.func, ast.Attribute) and node.func.attr in _NORMALISING:
        yield f"without .{node.func.attr}: {ast.unparse(node)}", node.func.value
    if called == "sorted":
        yield f"unsorted: {ast.unparse(node)}", node.args[0]
    if called == "entropy":
        yield f"not random: {ast.unparse(node)}", ast.Call(ast.Name("bytes"), node.args, [])
    if called.endswith((".encrypt", ".decrypt")):
        for index, argument in enumerate(node.args):
            new = copy.deepcopy(node)
            new.args[index] = ast.Constant(None)
            yield f"{ast.unparse(argument)} becomes None in {called}", new
    if called == "describe":
        yield f"its text instead of its name: {ast.unparse(node)}", _text_of(node.args[0])


def _only_keyword(call: ast.Call, index: int) -> None:
    call.args = []
    call.keywords = [call.keywords[index]]


@mutate.register
def _(node: ast.Attribute) -> Changes:
    # ``type(error).__name__`` is all that may be logged about an error.
    if node.attr == "__name__" and isinstance(node.value, ast.Call):
        yield f"its text instead of its name: {ast.unparse(node)}", _text_of(node.value.args[0])


def _text_of(node: ast.expr) -> ast.Call:
    return ast.Call(ast.Name("repr"), [node], [])


@mutate.register
def _(node: ast.Dict) -> Changes:
    for index, (key, value) in enumerate(zip(node.keys, node.values, strict=True)):
        if isinstance(key, ast.Constant) and key.value in _WIRE_TYPES:
            continue
        entry = ast.unparse(ast.Dict([key], [value]))
        new = copy.deepcopy(node)
        del new.keys[index], new.values[index]
        yield f"entry dropped: {entry}", new


@mutate.register(ast.Tuple)
@mutate.register(ast.List)
@mutate.register(ast.Set)
def _(node: ast.Tuple | ast.List | ast.Set) -> Changes:
    if isinstance(node, ast.Tuple | ast.List) and not isinstance(node.ctx, ast.Load):
        return
    for index, element in enumerate(node.elts):
        new = copy.deepcopy(node)
        del new.elts[index]
        # An empty set has no literal.
        result: ast.expr = new if new.elts or not isinstance(new, ast.Set) else ast.Tuple([])
        yield f"element dropped: {ast.unparse(element)}", result


@mutate.register
def _(node: ast.Subscript) -> Changes:
    if isinstance(node.slice, ast.Slice):
        yield f"not sliced: {ast.unparse(node)}", node.value
