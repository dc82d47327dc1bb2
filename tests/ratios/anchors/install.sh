#!/bin/sh
# Installs what `cargo ratios` measures against beside the crates: pyarrow (Arrow Flight in C++). Where it is missing those rows
# are left out, and the table says so. `cargo ratios --python VENV/bin/python` names the interpreter.
set -eu
venv=${1:?usage: install.sh VENV}
python3 -m venv "$venv"
"$venv/bin/pip" install --quiet pyarrow==26.0.1
"$venv/bin/python" -c 'import pyarrow.flight' && echo "$venv/bin/python"
