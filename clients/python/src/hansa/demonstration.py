"""A federation for a trial: six cities with real open data and a firm with three contracts, all on this machine."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from hansa import command
from hansa.errors import HansaError
from hansa.participant import Participant, connect

__all__ = ["demo"]

_END_SECONDS = 20.0


def demo(folder: str | os.PathLike[str] | None = None) -> Participant:
    """Starts the cities of `hansa demo` and connects as the firm, which has contracts with Lisbon, Münster and Ottawa.

    The data is real and open; the participants, contracts and terms are for the show. Everything ends with `close`, or with this
    process.

    Args:
        folder: An empty folder, which stays; absent: a temporary one. `Participant.folder` is the firm's, the cities are beside it.

    Raises:
        HansaError: It can't begin.
    """
    args = [command.binary(), "--json", "demo", "--stage", "--until-stdin-ends"]
    if folder is not None:
        args.append(f"--dir={os.fspath(folder)}")
    stage = subprocess.Popen(
        args,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )
    try:
        firm = connect(_ready(stage), purpose="traffic-planning")
    except BaseException:
        _end(stage)
        raise
    firm._session.after = lambda: _end(stage)
    return firm


def _ready(stage: subprocess.Popen[str]) -> Path:
    """The folder of the firm, once everything is there."""
    folder: str | None = None
    lines = stage.stdout or ()
    for line in lines:
        step = json.loads(line)
        if not step["ok"]:
            raise HansaError("CLIENT_DEMO_FAILED", f"{step['name']}: {step.get('expected')}; it was {step.get('came')}")
        folder = step["figures"].get("folder", folder)
        if step["name"] == "closing" and folder is not None:
            return Path(folder) / "acme"
    told = stage.stderr.read() if stage.stderr else ""
    errors = command.told_errors(told)
    raise errors[-1] if errors else HansaError("CLIENT_DEMO_FAILED", f"the demo ended: {told.strip()}")


def _end(stage: subprocess.Popen[str]) -> None:
    if stage.stdin is not None:
        stage.stdin.close()
    try:
        stage.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        # Its connectors end with it.
        stage.kill()
        stage.wait()
    for pipe in (stage.stdout, stage.stderr):
        if pipe is not None:
            pipe.close()
