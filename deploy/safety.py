"""Write docs/safety/hazard-log.md from hazards.toml, or check that it is current.

python deploy/safety.py           renew
python deploy/safety.py --check   fail if it says something else
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "safety"
SOURCE, TARGET = FOLDER / "hazards.toml", FOLDER / "hazard-log.md"

SEVERITIES = ("minor", "significant", "considerable", "major", "catastrophic")
LIKELIHOODS = ("very low", "low", "medium", "high", "very high")
RATINGS = (
    (1, 1, 2, 2, 3),
    (1, 2, 2, 3, 4),
    (2, 2, 3, 3, 4),
    (2, 3, 3, 4, 5),
    (3, 4, 4, 5, 5),
)
"""A line for each likelihood, a column for each severity: the example matrix of the
implementation guidance to DCB0129. The Clinical Safety Officer may set another."""

_HEAD = """\
# Hazard log

Made from [hazards.toml](hazards.toml) by `python deploy/safety.py`; do not edit it here. In the
form DCB0129 asks for: hazard, causes, effect, initial risk, controls with the tests that show them,
residual risk. Initial risk is what it would be without the controls. **All ratings are the makers'
provisional judgement. The owner of every hazard is the Clinical Safety Officer of the deploying
organisation, who confirms or changes them, and closes hazards; no such officer has signed this
log.**

| likelihood / severity | {severities} |
|---|{rule}|
{matrix}

5 and 4 are not acceptable; 3 is acceptable only with reasons why it cannot be lower; 2 and 1 are
acceptable. A severity and likelihood below give the number in the table.

| | hazard | initial | residual |
|---|---|---|---|
{summary}
"""


def rating(risk: Mapping[str, str]) -> int:
    """The number in the matrix; ValueError for a word that is not in it."""
    return RATINGS[LIKELIHOODS.index(risk["likelihood"])][SEVERITIES.index(risk["severity"])]


def render(hazards: Sequence[Mapping[str, Any]]) -> str:
    """The log in Markdown."""
    head = _HEAD.format(
        severities=" | ".join(SEVERITIES),
        rule="|".join(["---"] * len(SEVERITIES)),
        matrix="\n".join(
            f"| {likelihood} | {' | '.join(map(str, line))} |"
            for likelihood, line in zip(reversed(LIKELIHOODS), reversed(RATINGS), strict=True)
        ),
        summary="\n".join(
            f"| [{name}](#{name.lower()}) | {hazard['title']} | {rating(hazard['initial'])} "
            f"| {rating(hazard['residual'])} |"
            for name, hazard in _named(hazards)
        ),
    )
    return head + "".join(f"\n{_one(name, hazard)}" for name, hazard in _named(hazards))


def _named(hazards: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    return ((f"H{number:02}", hazard) for number, hazard in enumerate(hazards, start=1))


def _one(name: str, hazard: Mapping[str, Any]) -> str:
    controls = "\n".join(
        f"- {control['what']}:\n" + "\n".join(f"  - `{test}`" for test in control["tests"])
        for control in hazard["controls"]
    )
    return (
        f"## {name}\n\n**{hazard['title']}**\n\n"
        f"Causes: {'; '.join(hazard['causes'])}.\n\nEffect: {hazard['effect']}\n\n"
        f"Initial risk: {_risk(hazard['initial'])}\n\nControls:\n\n{controls}\n\n"
        f"Residual risk: {_risk(hazard['residual'])}\n\n"
        f"Left to the deploying organisation: {hazard['left']}\n"
    )


def _risk(risk: Mapping[str, str]) -> str:
    return f"{risk['severity']}, {risk['likelihood']} = **{rating(risk)}**"


def main() -> int:
    """Renew or check; the exit status is 1 where it is out of date."""
    text = render(tomllib.loads(SOURCE.read_text(encoding="utf-8"))["hazard"])
    if "--check" not in sys.argv[1:]:
        TARGET.write_text(text, encoding="utf-8")
        return 0
    if not TARGET.exists() or TARGET.read_text(encoding="utf-8") != text:
        sys.stdout.write(
            "docs/safety/hazard-log.md is out of date: run `python deploy/safety.py`.\n"
        )
        return 1
    sys.stdout.write("The hazard log is current.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
