"""A small part of Kusto, the language of Azure Resource Graph: enough for the queries that fleets are read with.

    Table | where EXPR | extend N = EXPR, … | project N, N = EXPR, … | order by EXPR [asc|desc], …
          | limit N | take N | count | summarize count() [by EXPR, …]

Expressions: literals; columns and paths into them (`properties.siteConfig`, `tags['owner']`, `a[0]`); `== != =~ !~ < <=
> >=`; `in in~ !in !in~ (…)`; `contains has startswith endswith` and their negations with `!`; `and or not(…)`; the
functions `tostring tolower toupper isempty isnotempty isnull isnotnull`. As in Kusto, `==` and `in` mind letter case,
the other text operators do not, and comparing with a missing value is false. Everything else is refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from quarterdeck.sandbox.kql_operators import COMPARISONS, FUNCTIONS, MEMBERSHIPS, rank
from quarterdeck.sandbox.kql_tokens import QueryError, Token, error_at, tokens, unquoted

Row = Mapping[str, Any]
Expression = Callable[[Row], Any]
Stage = Callable[[list[Row]], list[Row]]


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query: the table it reads, in lower case, and what it does with the rows."""

    table: str
    stages: tuple[Stage, ...]

    def run(self, rows: Iterable[Row]) -> list[Row]:
        """The rows of the result.

        Raises:
            QueryError: for a column that does not exist.
        """
        result = list(rows)
        for stage in self.stages:
            result = stage(result)
        return result


def parse(text: str) -> Query:
    """Read a query.

    Raises:
        QueryError: with the place where it went wrong.
    """
    return _Parser(text).query()


class _Parser:
    """Recursive descent over the tokens; each method consumes what it is named for."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(tokens(text))
        self._next = 0

    def query(self) -> Query:
        table, stages = "resources", []
        if self._peek().text.lower() in _STAGES:
            stages.append(self._stage())
        else:
            table = self._table()
        while self._peek().kind != "end":
            self._expect("|")
            stages.append(self._stage())
        return Query(table, tuple(stages))

    def _table(self) -> str:
        token = self._take()
        if token.kind != "word":
            raise self._error("a table is needed here", token)
        return token.text.lower()

    def _stage(self) -> Stage:
        token = self._take()
        read = _STAGES.get(token.text.lower())
        if read is None:
            raise self._error(f"there is no operator '{token.text}' here", token)
        return read(self)

    # -- stages

    def where(self) -> Stage:
        condition = self._or()
        return lambda rows: [row for row in rows if condition(row) is True]

    def project(self) -> Stage:
        columns = self._named_list()
        return lambda rows: [{name: value(row) for name, value in columns} for row in rows]

    def extend(self) -> Stage:
        columns = self._named_list()
        return lambda rows: [{**row, **{name: value(row) for name, value in columns}} for row in rows]

    def order(self) -> Stage:
        self._expect("by")
        keys: list[tuple[Expression, bool]] = []
        while not keys or self._accept(","):
            value = self._or()
            # Kusto sorts descending unless told otherwise.
            descending = not self._accept("asc")
            if descending:
                self._accept("desc")
            keys.append((value, descending))

        def sort(rows: list[Row]) -> list[Row]:
            result = rows
            for value, descending in reversed(keys):
                result = sorted(result, key=lambda row, value=value: rank(value(row)), reverse=descending)  # type: ignore[misc]
            return result

        return sort

    def limit(self) -> Stage:
        token = self._take()
        if token.kind != "number" or "." in token.text:
            raise self._error("a whole number is needed here", token)
        return lambda rows: rows[: int(token.text)]

    def count(self) -> Stage:
        return lambda rows: [{"Count": len(rows)}]

    def summarize(self) -> Stage:
        name = "count"
        if self._ahead(1).text == "=":
            name = self._take().text
            self._expect("=")
        for expected in ("count", "(", ")"):
            if not self._accept(expected):
                raise self._error("only 'count()' can be summarized", self._peek())
        columns = self._named_list() if self._accept("by") else []

        def group(rows: list[Row]) -> list[Row]:
            counts: dict[str, tuple[Row, int]] = {}
            for row in rows:
                values = {column: value(row) for column, value in columns}
                key = json.dumps(values, sort_keys=True)
                counts[key] = (values, counts.get(key, (values, 0))[1] + 1)
            return [{**values, name: number} for values, number in counts.values()]

        return group

    def _named_list(self) -> list[tuple[str, Expression]]:
        columns: list[tuple[str, Expression]] = []
        while not columns or self._accept(","):
            start = self._next
            if self._peek().kind == "word" and self._ahead(1).text == "=":
                name = self._take().text
                self._expect("=")
                columns.append((name, self._or()))
            else:
                value = self._or()
                columns.append((self._default_name(start), value))
        return columns

    def _default_name(self, start: int) -> str:
        words = [
            t.text.strip("'\"") for t in self._tokens[start : self._next] if t.kind in ("word", "string", "number")
        ]
        if words and words[0].lower() in FUNCTIONS:
            del words[0]
        return "_".join(words)

    # -- expressions, loosest first

    def _or(self) -> Expression:
        left = self._and()
        while self._accept("or"):
            left = _either(left, self._and())
        return left

    def _and(self) -> Expression:
        left = self._comparison()
        while self._accept("and"):
            left = _both(left, self._comparison())
        return left

    def _comparison(self) -> Expression:
        left = self._operand()
        token = self._peek()
        operator = token.text.lower()
        if operator in COMPARISONS:
            self._take()
            return _compared(COMPARISONS[operator], left, self._operand())
        if operator in MEMBERSHIPS:
            self._take()
            return _member(MEMBERSHIPS[operator], left, self._operands())
        return left

    def _operands(self) -> list[Expression]:
        self._expect("(")
        values = [self._or()]
        while self._accept(","):
            values.append(self._or())
        self._expect(")")
        return values

    def _operand(self) -> Expression:
        token = self._take()
        if token.kind == "string":
            return _constant(unquoted(token.text))
        if token.kind == "number":
            return _constant(float(token.text) if "." in token.text else int(token.text))
        if token.text == "(":
            inner = self._or()
            self._expect(")")
            return inner
        if token.kind != "word" or token.text.startswith("!"):
            raise self._error("a value is needed here", token)
        lowered = token.text.lower()
        if lowered in ("true", "false"):
            return _constant(lowered == "true")
        if self._peek().text == "(":
            function = FUNCTIONS.get(lowered)
            if function is None:
                raise self._error(f"there is no function '{token.text}' here", token)
            arguments = self._operands()
            if len(arguments) != 1:
                raise self._error(f"'{token.text}' takes one argument", token)
            return _applied(function, arguments[0])
        return self._path(token)

    def _path(self, column: Token) -> Expression:
        steps: list[str | int] = []
        while self._peek().text in (".", "["):
            dotted = self._take().text == "."
            token = self._take()
            if dotted and token.kind == "word":
                steps.append(token.text)
            elif not dotted and token.kind == "string":
                steps.append(unquoted(token.text))
            elif not dotted and token.kind == "number":
                steps.append(int(token.text))
            else:
                raise self._error("a name is needed here", token)
            if not dotted:
                self._expect("]")
        error = self._error(f"there is no column '{column.text}'", column)
        return _column(column.text, steps, error)

    # -- tokens

    def _peek(self) -> Token:
        return self._tokens[self._next]

    def _ahead(self, number: int) -> Token:
        return self._tokens[min(self._next + number, len(self._tokens) - 1)]

    def _take(self) -> Token:
        token = self._peek()
        if token.kind == "end":
            raise self._error("the query ends too early", token)
        self._next += 1
        return token

    def _accept(self, text: str) -> bool:
        token = self._peek()
        found = token.kind in ("word", "sign") and token.text.lower() == text
        self._next += found
        return found

    def _expect(self, text: str) -> None:
        if not self._accept(text):
            raise self._error(f"'{text}' is needed here", self._peek())

    def _error(self, message: str, token: Token) -> QueryError:
        return error_at(self._text, message, token.text, token.offset)


_STAGES: Mapping[str, Callable[[_Parser], Stage]] = {
    "where": _Parser.where,
    "project": _Parser.project,
    "extend": _Parser.extend,
    "order": _Parser.order,
    "sort": _Parser.order,
    "limit": _Parser.limit,
    "take": _Parser.limit,
    "count": _Parser.count,
    "summarize": _Parser.summarize,
}


def _constant(value: Any) -> Expression:
    return lambda row: value


def _applied(function: Callable[[Any], Any], argument: Expression) -> Expression:
    return lambda row: function(argument(row))


def _both(left: Expression, right: Expression) -> Expression:
    return lambda row: left(row) is True and right(row) is True


def _either(left: Expression, right: Expression) -> Expression:
    return lambda row: left(row) is True or right(row) is True


def _compared(compare: Callable[[Any, Any], bool], left: Expression, right: Expression) -> Expression:
    def evaluate(row: Row) -> bool:
        first, second = left(row), right(row)
        return first is not None and second is not None and compare(first, second)

    return evaluate


def _member(test: Callable[[Any, Sequence[Any]], bool], value: Expression, items: list[Expression]) -> Expression:
    def evaluate(row: Row) -> bool:
        found = value(row)
        return found is not None and test(found, [item(row) for item in items])

    return evaluate


def _column(name: str, steps: Sequence[str | int], missing: QueryError) -> Expression:
    def evaluate(row: Row) -> Any:
        if name not in row:
            raise missing
        value: Any = row[name]
        for step in steps:
            if isinstance(step, int):
                value = value[step] if isinstance(value, list) and step < len(value) else None
            else:
                value = value.get(step) if isinstance(value, Mapping) else None
        return value

    return evaluate
