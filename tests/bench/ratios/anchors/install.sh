#!/bin/sh
# Installs what `cargo ratios` measures against beside the crates: pyarrow (Arrow Flight in C++) and DuckDB, and on Debian
# PostgreSQL, for which it has to be root. Where one of them is missing its rows are left out, and that is said.
# `cargo ratios --python VENV/bin/python` names the interpreter.
set -eu
venv=${1:?usage: install.sh VENV}
if ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 && ! command -v initdb >/dev/null 2>&1; then
    { apt-get update -q && apt-get install -yq postgresql; } >&2 || echo "PostgreSQL can't be installed: left out" >&2
fi
python3 -m venv "$venv"
"$venv/bin/pip" install --quiet pyarrow==26.0.1 duckdb==2.0.0
"$venv/bin/python" -c 'import pyarrow.flight, duckdb' && echo "$venv/bin/python"
