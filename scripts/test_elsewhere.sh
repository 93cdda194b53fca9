#!/usr/bin/env bash
# Run the tests marked `elsewhere` as `docker run -u 54321` would: as a user without a name and a
# home directory, with the package read-only in a path with spaces, with output in cp1252.
# Everything is in one temporary folder, which is removed in the end. Takes about a minute.
set -euo pipefail
cd "$(dirname "$0")/.."
python="$PWD/.venv/bin/python"
usable="import subprocess, sys; subprocess.run([sys.executable, '-c', 'import numpy'], check=True)"
user=(setpriv --reuid 54321 --regid 54321 --clear-groups)

if [ "$(id -u)" != 0 ] || ! command -v setpriv >/dev/null; then
    echo "test-elsewhere: skipped, as becoming another user takes root and setpriv."
    exit 0
fi
if ! "${user[@]}" "$python" -c "$usable" 2>/dev/null; then
    # The interpreter is in a folder of root's own: the user may read it, and write nothing more.
    user+=(--inh-caps=+dac_read_search --ambient-caps=+dac_read_search)
    if ! "${user[@]}" "$python" -c "$usable" 2>/dev/null; then
        echo "test-elsewhere: skipped, as another user cannot read $python."
        exit 0
    fi
fi

place=$(mktemp -d "${TMPDIR:-/tmp}/micvae elsewhere XXXXXX")
trap 'chmod -R u+w "$place"; rm -rf "$place"' EXIT
checkout="$place/a checkout"
own="$place/its own"
mkdir "$checkout" "$own"
tar -c --exclude=__pycache__ --exclude=_build src tests scripts docs pyproject.toml | tar -x -C "$checkout"
chmod 755 "$place"
chmod -R a+rX,a-w "$checkout"
chown 54321:54321 "$own"

cd "$checkout"
env -i PATH=/usr/bin:/bin TMPDIR="$own" PYTHONPATH="$checkout/src" PYTHONIOENCODING=cp1252 \
    OMP_NUM_THREADS=1 MICVAE_ELSEWHERE=1 \
    "${user[@]}" "$python" -m pytest -q -p no:cacheprovider --basetemp "$own/pytest" \
    -m elsewhere tests/cli "$@"
