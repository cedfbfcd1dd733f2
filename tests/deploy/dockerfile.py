"""The Dockerfile's commands run as written, outside Docker, in folders of their own.

It knows the instructions the Dockerfile uses and refuses others. Each stage has a root
folder; the absolute paths that the image makes (/app, /opt, /issuer) become paths under it.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from string import Template

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "deploy/Dockerfile"

_MADE_IN_THE_IMAGE = re.compile(r"(?<![\w./-])/(?=(?:app|opt|issuer|daybook)\b)")


@dataclass(frozen=True)
class Instruction:
    """Such as ``RUN`` and what follows it, continued lines joined."""

    name: str
    text: str


def instructions(text: str) -> list[Instruction]:
    """All instructions of a Dockerfile, comments left out."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [Instruction(*line.split(maxsplit=1)) for line in joined.splitlines()]


def last(name: str) -> str:
    """What the finished image says for an instruction that counts once."""
    return [one.text for one in instructions(FILE.read_text()) if one.name == name][-1]


def user() -> str:
    return last("USER")


def listening_port() -> int:
    """The port of the command, which EXPOSE must name too."""
    (port,) = re.findall(r"--port (\d+)", last("CMD"))
    assert port == last("EXPOSE")
    return int(port)


class Ignore:
    """.dockerignore: the last rule that fits a path or a folder above it decides."""

    def __init__(self, text: str) -> None:
        lines = [line.strip() for line in text.splitlines()]
        self._rules = [
            (not line.startswith("!"), _pattern(line.removeprefix("!")))
            for line in lines
            if line and not line.startswith("#")
        ]

    def __call__(self, path: PurePosixPath) -> bool:
        """Whether ``path``, relative to the context, is left out of it."""
        above = [str(part) for part in (path, *path.parents) if part != PurePosixPath()]
        ignored = False
        for leaves_out, pattern in self._rules:
            if any(pattern.fullmatch(part) for part in above):
                ignored = leaves_out
        return ignored


def _pattern(rule: str) -> re.Pattern[str]:
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", rule.strip("/"))
    meanings = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(meanings.get(part) or re.escape(part) for part in parts))


@dataclass
class Stage:
    """One FROM and what came of it."""

    root: Path
    env: dict[str, str]
    name: str = ""
    workdir: PurePosixPath = field(default_factory=lambda: PurePosixPath("/"))
    command: str = ""

    def at(self, path: str) -> Path:
        """Where a path of the image lies on this machine."""
        return self.root / str(self.workdir / path).lstrip("/")

    def here(self, text: str) -> str:
        """``text`` with the image's own paths as paths of this machine."""
        return _MADE_IN_THE_IMAGE.sub(f"{self.root}/", text)

    def shell(self, command: str) -> list[str]:
        """The shell form of RUN and CMD."""
        return ["/bin/sh", "-c", self.here(command)]

    def run(self, command: str, **more: str) -> None:
        """As RUN does; fails with what the command wrote."""
        done = subprocess.run(
            self.shell(command),
            env={**more, **self.env},
            cwd=self.at("."),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}"


def build(folder: Path, *, context: Path = ROOT, file: Path = FILE) -> Stage:
    """The image's last stage, built in ``folder``.

    Commands see this machine's settings of pip, uv and the network and nothing else; the
    packages come from where those say.
    """
    python = folder / "base"
    python.mkdir()
    _put_python(python / "python")
    ignore = Ignore((context / ".dockerignore").read_text())
    stages: list[Stage] = []
    for one in instructions(file.read_text()):
        if one.name == "FROM":
            base = {"PATH": f"{python}:/usr/local/bin:/usr/bin:/bin"}
            root = folder / f"stage-{len(stages)}"
            root.mkdir()
            stages.append(Stage(root, base, name=one.text.partition(" AS ")[2]))
        else:
            _follow(one, stages, context, ignore)
    return stages[-1]


def _follow(one: Instruction, stages: Sequence[Stage], context: Path, ignore: Ignore) -> None:
    stage = stages[-1]
    match one.name:
        case "ENV":
            for word in shlex.split(stage.here(one.text)):
                name, _, value = word.partition("=")
                stage.env[name] = Template(value).substitute(stage.env)
        case "WORKDIR":
            stage.workdir = PurePosixPath(one.text)
            stage.at(".").mkdir(parents=True, exist_ok=True)
        case "COPY":
            _copy(one.text, stages, context, ignore)
        case "RUN":
            stage.run(one.text, **_ways_to_packages())
        case "CMD":
            stage.command = one.text
        case "USER" | "EXPOSE":
            pass
        case _:
            raise AssertionError(f"{one.name} is not known here: teach this file about it")


def _copy(text: str, stages: Sequence[Stage], context: Path, ignore: Ignore) -> None:
    stage, words = stages[-1], shlex.split(text)
    if words[0].startswith("--from="):
        (other,) = [one for one in stages if one.name == words[0].removeprefix("--from=")]
        source, target = words[1:]
        shutil.copytree(other.at(source), stage.at(target), symlinks=True)
        return
    *sources, target = words
    for source in sources:
        found = list(_in_context(context, source, ignore))
        assert found, f"COPY {source}: the build context has no such file"
        for file in found:
            into = stage.at(target) / file.relative_to(context / source)
            if file == context / source:
                assert target.endswith("/"), f"COPY {source}: name a folder"
                into = stage.at(target) / file.name
            into.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, into)


def _in_context(context: Path, source: str, ignore: Ignore) -> Iterator[Path]:
    """The files that the build may see under ``source``."""
    top = context / source
    for file in [top] if top.is_file() else sorted(top.rglob("*")):
        if file.is_file() and not ignore(PurePosixPath(file.relative_to(context).as_posix())):
            yield file


def _put_python(path: Path) -> None:
    # A script and not a link: a virtual environment made through a link would name the
    # link's folder as the home of its Python.
    major, minor = sys.version_info[:2]
    base = Path(sys.base_prefix) / "bin" / f"python{major}.{minor}"
    path.write_text(f'#!/bin/sh\nexec "{base}" "$@"\n')
    path.chmod(0o755)


def _ways_to_packages() -> Mapping[str, str]:
    ways = r"HOME|XDG_\w+|(PIP|UV|SSL|REQUESTS)_\w+|(https?|no|all)_proxy"
    wanted = re.compile(ways, re.IGNORECASE)
    return {name: value for name, value in os.environ.items() if wanted.fullmatch(name)}
