"""As much of PromQL as the alert rules use, for machines without promtool.

Instant vectors of constant or straight series; ``sum``, ``max`` and ``min`` ``by``;
``rate``; ``time()``; the four operations between vectors and numbers; comparisons with a
number. Anything else is refused rather than guessed.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence

Labels = frozenset[tuple[str, str]]
Vector = dict[Labels, float]

_SERIES = re.compile(r"^(?P<name>\w+)\{(?P<labels>.*)\}$")
_LABEL = re.compile(r'(\w+)(=~|!=|=)"([^"]*)"')
_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    "<": operator.lt,
    "==": operator.eq,
}
_ARITHMETIC: Mapping[str, Callable[[float, float], float]] = {
    "/": operator.truediv,
    "-": operator.sub,
}
_AGGREGATE: Mapping[str, Callable[[Sequence[float]], float]] = {"sum": sum, "max": max, "min": min}


class Samples:
    """The input series of one rule test: ``values`` as promtool writes them."""

    def __init__(self, series: Mapping[str, str], every: float) -> None:
        self._series: list[tuple[str, Labels, list[float]]] = []
        self._every = every
        for text, values in series.items():
            found = _SERIES.match(text)
            assert found, text
            labels = frozenset((n, v) for n, _, v in _LABEL.findall(found["labels"]))
            self._series.append((found["name"], labels, _expanded(values)))

    def instant(self, name: str, matchers: str, at: float) -> Vector:
        """Each matching series' value at that second."""
        return {
            labels: values[min(int(at // self._every), len(values) - 1)]
            for labels, values in self._matching(name, matchers)
        }

    def rate(self, name: str, matchers: str, span: float, at: float) -> Vector:
        """How fast each matching series rose over the last ``span`` seconds."""
        now, before = self.instant(name, matchers, at), self.instant(name, matchers, at - span)
        return {labels: (value - before[labels]) / span for labels, value in now.items()}

    def _matching(self, name: str, matchers: str) -> list[tuple[Labels, list[float]]]:
        wanted = _LABEL.findall(matchers)
        return [
            (labels, values)
            for each, labels, values in self._series
            if each == name and all(_matches(dict(labels), *one) for one in wanted)
        ]


def evaluate(expression: str, samples: Samples, at: float) -> Vector:
    """The vector an expression gives at that second; empty where no alert is due."""
    for sign, compare in _COMPARE.items():
        left, found, right = expression.rpartition(f" {sign} ")
        if found:
            value = _value(left, samples, at)
            assert isinstance(value, dict), expression
            return {labels: each for labels, each in value.items() if compare(each, float(right))}
    raise AssertionError(f"an alert compares with a number: {expression}")


def _value(text: str, samples: Samples, at: float) -> Vector | float:
    text = text.strip()
    if text == "time()":
        return at
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    for sign, count in _ARITHMETIC.items():
        left, found, right = text.partition(f" {sign} ")
        if found:
            return _both(_value(left, samples, at), _value(right, samples, at), count)
    if call := re.fullmatch(r"(sum|max|min) by \(([\w, ]+)\) \((.*)\)", text):
        return _by(call[1], call[2], _value(call[3], samples, at))
    if call := re.fullmatch(r"rate\((\w+)(\{.*\})?\[(\d+)m\]\)", text):
        return samples.rate(call[1], call[2] or "", 60 * float(call[3]), at)
    if call := re.fullmatch(r"(\w+)(\{.*\})?", text):
        return samples.instant(call[1], call[2] or "", at)
    raise AssertionError(f"not understood: {text}")


def _by(function: str, names: str, value: Vector | float) -> Vector:
    assert isinstance(value, dict)
    kept = {name.strip() for name in names.split(",")}
    groups: dict[Labels, list[float]] = {}
    for labels, each in value.items():
        groups.setdefault(frozenset((n, v) for n, v in labels if n in kept), []).append(each)
    return {labels: _AGGREGATE[function](found) for labels, found in groups.items()}


def _both(
    one: Vector | float, other: Vector | float, count: Callable[[float, float], float]
) -> Vector:
    if isinstance(one, dict) and isinstance(other, dict):
        return {labels: count(each, other[labels]) for labels, each in one.items()}
    if isinstance(other, dict):
        assert isinstance(one, float)
        return {labels: count(one, each) for labels, each in other.items()}
    raise AssertionError("a number is subtracted from by a vector only")


def _expanded(values: str) -> list[float]:
    found: list[float] = []
    for part in values.split():
        if constant := re.fullmatch(r"(\d+(?:\.\d+)?)x(\d+)", part):
            found += [float(constant[1])] * (int(constant[2]) + 1)
        elif rising := re.fullmatch(r"(\d+)\+(\d+)x(\d+)", part):
            start, step, times = map(int, rising.groups())
            found += [float(start + step * n) for n in range(times + 1)]
        else:
            raise AssertionError(f"not understood: {part}")
    return found


def _matches(labels: Mapping[str, str], name: str, how: str, wanted: str) -> bool:
    has = labels.get(name, "")
    if how == "=~":
        return re.fullmatch(wanted, has) is not None
    return (has == wanted) is (how == "=")
