"""Renew the hashed requirements files from pyproject.toml, or check that they are current.

    python deploy/lock.py           renew
    python deploy/lock.py --check   fail if pyproject.toml asks for something else

The files name packages, versions and hashes, never the host they come from: they work
behind an organisation's own mirror.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UV = Path(sys.executable).with_name("uv")
OPTIONS = (
    "--quiet",
    "--universal",
    "--generate-hashes",
    "--no-header",
    "--no-annotate",
    "--no-emit-index-url",
    "--no-emit-find-links",
)
WANTED = {
    "requirements.txt": ("pyproject.toml", "--extra", "dev"),
    "deploy/requirements.txt": ("pyproject.toml",),
    "deploy/requirements-uv.txt": ("-",),
}


def compile_into(target: Path, wanted: tuple[str, ...]) -> None:
    """Resolve into ``target``, keeping the versions it holds where they still fit."""
    subprocess.run(  # noqa: S603 - the arguments are this file's own
        [UV, "pip", "compile", *OPTIONS, *wanted, "--output-file", target],
        cwd=ROOT,
        check=True,
        text=True,
        input="uv\n" if wanted == ("-",) else None,
        stdout=subprocess.DEVNULL,
    )


def main() -> int:
    """Renew or check each file; the exit status is the number that are out of date."""
    if "--check" not in sys.argv[1:]:
        for name, wanted in WANTED.items():
            compile_into(ROOT / name, wanted)
        return 0
    stale = []
    with tempfile.TemporaryDirectory() as folder:
        for name, wanted in WANTED.items():
            copy = Path(folder) / Path(name).name
            shutil.copy(ROOT / name, copy)
            compile_into(copy, wanted)
            if copy.read_text() != (ROOT / name).read_text():
                stale.append(name)
    for name in stale:
        sys.stdout.write(f"{name} is not what pyproject.toml asks for: run `make lock`.\n")
    sys.stdout.write("" if stale else "Lock files are current.\n")
    return len(stale)


if __name__ == "__main__":
    sys.exit(main())
