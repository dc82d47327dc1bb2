#!/bin/sh
# Installs what `cargo ratios` measures against beside the crates: pyarrow (Arrow Flight in C++) and DuckDB. Where one of them is
# missing its rows are left out, and that is said. `cargo ratios --python VENV/bin/python` names the interpreter.
set -eu
venv=${1:?usage: install.sh VENV}
python3 -m venv "$venv"
"$venv/bin/pip" install --quiet pyarrow==26.0.1 duckdb==2.0.0
"$venv/bin/python" -c 'import pyarrow.flight, duckdb' && echo "$venv/bin/python"
