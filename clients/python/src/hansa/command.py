"""Commands of the program `hansa`, with what they tell as JSON."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sysconfig
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hansa.errors import HansaError, HansaWarning, of_json

__all__ = ["CommandOutcome", "binary", "run"]


def binary() -> str:
    """The path of the program that this package carries.

    The variable ``HANSA_BINARY`` names another one.

    Raises:
        FileNotFoundError: It is in none of the folders for programs of this Python.
    """
    named = os.environ.get("HANSA_BINARY")
    if named:
        return named
    schemes = ["scripts"]
    folders = [sysconfig.get_path(name) for name in schemes]
    user = f"{os.name}_user"
    if user in sysconfig.get_scheme_names():
        folders.append(sysconfig.get_path("scripts", scheme=user))
    # With `pip install --target FOLDER` programs are in a folder beside the package.
    folders.append(str(Path(__file__).resolve().parent.parent / "bin"))
    for folder in folders:
        found = shutil.which("hansa", path=folder)
        if found:
            return found
    looked = ", ".join(folders)
    raise FileNotFoundError(f"the program hansa is in none of {looked}; install the wheel again, or set HANSA_BINARY")


@dataclass(frozen=True)
class CommandOutcome:
    """What a command told."""

    objects: tuple[dict[str, Any], ...]
    """The objects of its result."""
    errors: tuple[HansaError, ...]
    """What it told as errors, also where it went on."""
    status: int
    """Its exit status."""
    found: tuple[HansaError, ...] = ()
    """What it found not to be as it should be, and was not kept by."""

    def checked(self) -> tuple[dict[str, Any], ...]:
        """The objects of a command that ended well.

        Raises:
            HansaError: It did not.
        """
        if self.status == 0:
            for error in (*self.found, *self.errors):
                warnings.warn(str(error), HansaWarning, stacklevel=3)
            return self.objects
        if self.errors:
            raise self.errors[-1]
        raise HansaError("CLIENT_COMMAND_FAILED", f"the command ended with {self.status} and told no error")

    def one(self) -> dict[str, Any]:
        """The object of a command that tells one.

        Raises:
            HansaError: The command failed, or told none.
        """
        objects = self.checked()
        if not objects:
            raise HansaError("CLIENT_COMMAND_FAILED", "the command told nothing")
        return objects[-1]


def told_errors(text: str, member: str = "error") -> tuple[HansaError, ...]:
    """The errors of what a command wrote to standard error, or its warnings; lines of its trace are passed over."""
    errors = []
    for line in text.splitlines():
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict) and isinstance(value.get(member), dict):
            errors.append(of_json(value[member]))
    return tuple(errors)


def run(
    args: Sequence[str],
    *,
    config: Path | None = None,
    environment: Mapping[str, str] | None = None,
    timeout: float | None = None,
) -> CommandOutcome:
    """Runs a command to its end.

    Args:
        args: The command and its arguments.
        config: The configuration of the participant.
        environment: Variables beside those of this process.
        timeout: Seconds after which the command gives up.
    """
    line = [binary(), "--json"]
    if config is not None:
        line += ["--config", str(config)]
    if timeout is not None:
        line += ["--timeout", f"{max(1, round(timeout))}s"]
    done = subprocess.run(
        [*line, *args],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, **(environment or {})},
        check=False,
    )
    errors = told_errors(done.stderr)
    if done.returncode != 0 and not errors:
        # The parser of arguments writes for people.
        code = "USAGE" if done.returncode == 2 else "CLIENT_COMMAND_FAILED"
        errors = (of_json({"code": code, "sentence": done.stderr.strip(), "exit": done.returncode}),)
    objects = tuple(json.loads(text) for text in done.stdout.splitlines() if text.strip())
    return CommandOutcome(objects, errors, done.returncode, told_errors(done.stderr, "warning"))
