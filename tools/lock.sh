#!/usr/bin/env bash
# Recompile every lock. What is deployed is resolved first and constrains the rest, so the tests
# run the versions that are deployed. With --upgrade, to the newest; otherwise what is locked stays.
set -euo pipefail
cd "$(dirname "$0")/.."

UV=uv
command -v uv >/dev/null || UV=.venvs/uv/bin/uv

compile() {
  local source="$1"
  shift
  echo "lock: ${source%.in}.txt" >&2
  "$UV" pip compile --quiet --universal --generate-hashes --python-version "$(cat .python-version)" \
    --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
    "$source" --output-file "${source%.in}.txt" "$@"
}

compile src/shared/requirements.in "$@"
compile src/identity/requirements.in --constraint src/shared/requirements.txt "$@"
compile requirements/dev.in \
  --constraint src/shared/requirements.txt --constraint src/identity/requirements.txt "$@"
for name in engine sam checkov uv; do
  compile "requirements/$name.in" "$@"
done
