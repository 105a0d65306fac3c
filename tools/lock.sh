#!/usr/bin/env bash
# Recompile every lock file. What is deployed is resolved first and constrains the rest, so the tests
# run the deployed versions. --upgrade takes the newest versions; otherwise locked ones are kept.
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

# The layer already provides these to every function; a second copy would only slow its start.
# So a function's lock file is complete only together with the layer's: build with PIP_NO_DEPS=1.
in_the_layer=()
while read -r package; do
  in_the_layer+=(--no-emit-package "$package")
done < <(sed -n 's/^\([a-z0-9._-]*\)==.*/\1/p' src/shared/requirements.txt)
compile src/identity/requirements.in --constraint src/shared/requirements.txt \
  "${in_the_layer[@]}" "$@"
compile src/voting/requirements.in --constraint src/shared/requirements.txt \
  --constraint src/identity/requirements.txt "${in_the_layer[@]}" "$@"

compile src/audit/requirements.in --constraint src/shared/requirements.txt \
  --constraint src/identity/requirements.txt --constraint src/voting/requirements.txt \
  "${in_the_layer[@]}" "$@"

compile requirements/dev.in \
  --constraint src/shared/requirements.txt --constraint src/identity/requirements.txt \
  --constraint src/voting/requirements.txt --constraint src/audit/requirements.txt "$@"
for name in engine sam checkov uv anchor; do
  compile "requirements/$name.in" "$@"
done
compile requirements/evm.in --constraint requirements/anchor.txt "$@"
