"""The connector of a participant: the one that runs, or one that is started and ends with the last session of Python.

All sessions of Python that use a started connector hold a pipe open at their end. Its standard input is the other end, and it
ends when that does (`hansa serve --until-stdin-ends`): however a session ends, nothing has to be told, and no process is left.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import selectors
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hansa import command
from hansa.errors import HansaError

__all__ = ["ConnectorHold"]

_START_SECONDS = 90.0
"""So long the start of a connector is waited for: it waits itself for a command that has the folder of state."""

_END_SECONDS = 20.0
"""So long the end of a connector is waited for: it closes its answers and its log first."""

_PAUSE = 0.02

_left: list[subprocess.Popen[str]] = []
"""Connectors that go on for other sessions, and that this process has to look at when they have ended."""


class ConnectorHold:
    """A connector that runs as long as this is held."""

    def __init__(self, config: Path, state: Path, listen: str | None) -> None:
        """Of a participant, with the address on which a connector that is started here answers programs.

        Args:
            config: The configuration.
            state: The folder of its state.
            listen: The address; absent: that of the configuration.
        """
        self._config = config
        self._folder = state / "python"
        self._listen = listen
        self._child: subprocess.Popen[str] | None = None
        self._pipe: int | None = None
        self._session: int | None = None

    @property
    def started_here(self) -> bool:
        """Whether this session has started it."""
        return self._child is not None

    def acquire(self) -> dict[str, Any]:
        """Finds the connector that runs or starts one, and tells how programs reach it.

        Raises:
            HansaError: It can't start, or answers no programs.
        """
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
        except PermissionError:
            # The connector belongs to another user: it runs, or there is nothing that could be done.
            return self._target()
        with self._alone():
            self._session = os.open(self._folder / "sessions", os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._session, fcntl.LOCK_SH)
            until = time.monotonic() + _END_SECONDS
            while True:
                self._pipe = self._writer()
                was_there = self._pipe is not None
                if not was_there:
                    self._start()
                try:
                    target = self._target()
                    with socket.create_connection((target["host"], target["port"]), 10):
                        return target
                except (HansaError, OSError):
                    if not was_there or time.monotonic() > until:
                        self._let_go()
                        raise
                # It is about to end, since the sessions that held it are gone. The next one is started.
                self._let_go_of_pipe()
                time.sleep(_PAUSE)

    def release(self) -> None:
        """Lets go of it; one that was started here ends with its last session, which waits for that."""
        if self._session is None:
            return
        with self._alone():
            self._let_go()

    def _target(self) -> dict[str, Any]:
        return command.run(["connect", "python"], config=self._config).one()

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """One session at a time starts or ends a connector."""
        lock = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    @property
    def _fifo(self) -> Path:
        return self._folder / "stdin"

    def _writer(self) -> int | None:
        """The end of the pipe that keeps a connector running, if one reads from it."""
        try:
            return os.open(self._fifo, os.O_WRONLY | os.O_NONBLOCK)
        except FileNotFoundError:
            os.mkfifo(self._fifo, 0o600)
            return None
        except OSError as error:
            if error.errno == errno.ENXIO:
                return None
            raise

    def _reader_is_there(self) -> bool:
        probe = self._writer()
        if probe is not None:
            os.close(probe)
        return probe is not None

    def _start(self) -> None:
        until = time.monotonic() + _START_SECONDS
        reader = os.open(self._fifo, os.O_RDONLY | os.O_NONBLOCK)
        try:
            self._pipe = os.open(self._fifo, os.O_WRONLY)
            os.set_blocking(reader, True)
            environment = {**os.environ}
            if self._listen is not None:
                environment["HANSA__CLIENTS__LISTEN"] = self._listen
            with (self._folder / "serve.log").open("w+", encoding="utf-8") as log:
                child = subprocess.Popen(
                    [command.binary(), "--json", "--config", str(self._config), "serve", "--until-stdin-ends"],
                    stdin=reader,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                    encoding="utf-8",
                    env=environment,
                    # An interruption of a notebook is none of its connector.
                    start_new_session=True,
                )
                if self._is_ready(child, until):
                    self._child = child
                    return
                child.kill()
                child.wait()
                log.seek(0)
                errors = command.told_errors(log.read())
        finally:
            os.close(reader)
        if errors and errors[-1].code == "STATE_LOCKED":
            # Another one runs for this configuration.
            return
        self._let_go()
        if errors:
            raise errors[-1]
        raise HansaError("CLIENT_CONNECTOR_NOT_READY", f"the connector did not start; it wrote {self._folder / 'serve.log'}")

    @staticmethod
    def _is_ready(child: subprocess.Popen[str], until: float) -> bool:
        """Whether it says that it is ready, before it ends or the time is over. It says nothing more there."""
        if child.stdout is None:
            return False
        with child.stdout as out:
            with selectors.DefaultSelector() as selector:
                selector.register(out, selectors.EVENT_READ)
                if not selector.select(max(0.0, until - time.monotonic())):
                    return False
            line = out.readline()
        if not line:
            # It has ended; what it says of that stands in its log when it is gone.
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(_END_SECONDS)
            return False
        return bool(json.loads(line).get("event") == "ready")

    def _let_go_of_pipe(self) -> None:
        if self._pipe is not None:
            os.close(self._pipe)
            self._pipe = None

    def _let_go(self) -> None:
        self._let_go_of_pipe()
        session, self._session = self._session, None
        if session is None:
            return
        try:
            fcntl.flock(session, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_last = True
        except BlockingIOError:
            is_last = False
        os.close(session)
        child, self._child = self._child, None
        _left[:] = [left for left in _left if left.poll() is None]
        if not is_last:
            if child is not None:
                _left.append(child)
            return
        until = time.monotonic() + _END_SECONDS
        if child is not None:
            try:
                child.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
            return
        while self._reader_is_there() and time.monotonic() < until:
            time.sleep(_PAUSE)
