#!/usr/bin/env bash
# Create the environments named on the command line (without arguments, all but the last two):
#   app     .venv           the application, the `civic` command and the development tools
#   sam     .venvs/sam      aws-sam-cli, which pins its own boto3 and click
#   engine  .venvs/engine   the embedded AWS engine
#   checkov .venvs/checkov  the policy checks of the templates
#   anchor  .venvs/anchor   the signer of transactions for `civic-monitor anchor`
#   evm     .venvs/evm      the compiler of its contract, and a chain to test it on
# Each is installed from its hash-checked lock file, and again only if that file has changed.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly WANTED_PYTHON="$(cat .python-version)"
readonly UV_HOME=.venvs/uv
# Warnings about hard links between file systems do not matter here.
export UV_LINK_MODE="${UV_LINK_MODE:-copy}"
# An active virtual environment of the caller must not be mistaken for the project's.
unset VIRTUAL_ENV CONDA_PREFIX PYTHONHOME PYTHONPATH

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# The first Python 3 that runs, as version switchers leave shims on PATH that do not.
any_python() {
  local candidate
  for candidate in "python$WANTED_PYTHON" python3 python /usr/bin/python3; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 8))' >/dev/null 2>&1; then
      echo "$candidate"
      return
    fi
  done
  fail "no Python 3 found; install one, or uv, and run this again"
}

# Debian splits ensurepip out of its Python, so a venv may fail where pip itself is present.
install_uv() {
  local python log
  python="$(any_python)"
  echo "setup: uv" >&2
  rm -rf "$UV_HOME"
  mkdir -p .venvs
  log="$(mktemp)"
  if "$python" -m venv "$UV_HOME" >"$log" 2>&1; then
    "$UV_HOME/bin/python" -m pip install --quiet --disable-pip-version-check \
      --require-hashes --only-binary :all: -r requirements/uv.txt >"$log" 2>&1 \
      || fail "uv could not be installed: $(tail -n 3 "$log")"
  elif "$python" -m pip --version >/dev/null 2>&1; then
    rm -rf "$UV_HOME"
    "$python" -m pip install --quiet --disable-pip-version-check --target "$UV_HOME" \
      --require-hashes --only-binary :all: -r requirements/uv.txt >"$log" 2>&1 \
      || fail "uv could not be installed: $(tail -n 3 "$log")"
  else
    rm -rf "$UV_HOME"
    fail "this Python has neither ensurepip nor pip; install python3-venv (Debian, Ubuntu) or uv"
  fi
  rm -f "$log"
}

find_uv() {
  if command -v uv >/dev/null && uv --version >/dev/null 2>&1; then
    UV=uv
  else
    [ -x "$UV_HOME/bin/uv" ] || install_uv
    UV="$PWD/$UV_HOME/bin/uv"
  fi
}

# An installed Python is preferred to a download.
find_python() {
  if ! PYTHON="$("$UV" python find --quiet --no-project "$WANTED_PYTHON" 2>/dev/null)"; then
    echo "setup: Python $WANTED_PYTHON" >&2
    "$UV" python install --no-bin "$WANTED_PYTHON" >&2 \
      || fail "Python $WANTED_PYTHON is not installed and could not be downloaded; install it and run this again"
    PYTHON="$("$UV" python find --no-project "$WANTED_PYTHON")"
  fi
}

lock_of() {
  case "$1" in
    app) echo requirements/dev.txt ;;
    sam | engine | checkov | anchor | evm) echo "requirements/$1.txt" ;;
    *) fail "unknown environment '$1'; known: app sam engine checkov anchor evm" ;;
  esac
}

home_of() {
  if [ "$1" = app ]; then echo .venv; else echo ".venvs/$1"; fi
}

# What an environment is made from. Its console scripts contain its path, so a checkout that was
# moved makes its environments again.
inputs_of() {
  pwd
  cat .python-version "$(lock_of "$1")"
  if [ "$1" = app ]; then cat pyproject.toml; fi
}

is_current() {
  local home
  home="$(home_of "$1")"
  [ -x "$home/bin/python" ] && inputs_of "$1" | cmp -s - "$home/.made-from"
}

make_environment() {
  local home
  home="$(home_of "$1")"
  echo "setup: $home" >&2
  rm -f "$home/.made-from"
  "$UV" venv --quiet --no-project --allow-existing --python "$PYTHON" "$home"
  "$UV" pip sync --quiet --python "$home/bin/python" --require-hashes "$(lock_of "$1")"
  if [ "$1" = app ]; then
    "$UV" pip install --quiet --python "$home/bin/python" --no-deps --no-build-isolation \
      --editable .
  fi
  inputs_of "$1" >"$home/.made-from"
}

main() {
  local name stale=() jobs=() job failed=0
  [ $# -gt 0 ] || set -- app sam engine checkov
  for name in "$@"; do
    lock_of "$name" >/dev/null
    is_current "$name" || stale+=("$name")
  done
  [ ${#stale[@]} -gt 0 ] || return 0
  find_uv
  find_python
  # In parallel: one waits for the network while another unpacks.
  for name in "${stale[@]}"; do
    make_environment "$name" &
    jobs+=($!)
  done
  for job in "${jobs[@]}"; do
    wait "$job" || failed=1
  done
  [ "$failed" = 0 ] || fail "an environment could not be created; the reason is above"
}

main "$@"
