#!/bin/sh
# Makes a virtual environment with everything a developer needs: sh scripts/setup.sh PYTHON FOLDER
set -eu
python=$1
folder=$2
export PIP_DISABLE_PIP_VERSION_CHECK=1

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "pandakit needs Python 3.11 or newer; name one: make PYTHON=python3.12 ..." >&2
    exit 1
fi
echo "Setting up $folder (once; a few minutes) ..."
"$python" -m venv --clear "$folder"
bin=$folder/bin
"$bin/python" -m pip install --quiet --upgrade 'pip>=25.1'  # --group is new there

# Wheels only: building numba needs a compiler and LLVM, and pandakit runs without it.
if ! "$bin/python" -m pip install --quiet --only-binary numba,llvmlite \
        --editable '.[all]' --group dev --group docs 2>"$folder/numba.log"; then
    echo "numba has no wheel for this Python: consolidation runs interpreted, same answers, slower."
    "$bin/python" -m pip install --quiet \
        --editable '.[notebook,sandbox,verify]' --group dev --group docs
fi
# Compiles the kernel into the package's cache, so that no first call has to wait for it.
"$bin/python" - <<'END'
import pyarrow, pandakit

rows = 30_000  # fewer are not worth the kernel's own encoding of text
for text in pyarrow.string(), pyarrow.large_string():
    cells = {name: pyarrow.array([value] * rows, text) for name, value in (("host", "a"), ("status", "ok"))}
    for policy in pandakit.CLASSIC, pandakit.CURRENT:
        chunks = pandakit.Consolidator(policy)
        for second in range(2):
            chunks.feed(pyarrow.table({"timestamp": [second] * rows, **cells}))
        chunks.result().incidents
END
touch "$folder/.ready"
