#!/usr/bin/env bash
# Prepares this checkout: system libraries, .venv, locked packages, the guildhall command.
# Does nothing when nothing changed since it last succeeded. Called by `make setup`.
set -eu
cd "$(dirname "$0")/.."

python=${PYTHON:-python3}
venv=.venv
stamp=$venv/.guildhall-setup

say() { printf '%s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

# A link leads to an environment that another checkout uses: making ours would clear it.
[ ! -L $venv ] || fail ".venv is a symbolic link. Use the tools in it as they are, or remove the link and try again."

command -v "$python" >/dev/null || fail "$python was not found. Install Python 3.11 or newer, or name one: make setup PYTHON=/path/to/python3"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  fail "$("$python" --version) is too old; Python 3.11 or newer is needed. Name one: make setup PYTHON=/path/to/python3"

# What tests/e2e/test_ipld.py reads bundles with, and the client of tests/net/foreign. Continuous integration must not do without.
for folder in packaging/ipld packaging/jsclient; do
  lock=$(sha256sum $folder/package-lock.json | cut -d' ' -f1)
  if [ "${CI:-}" = true ] && [ "$(cat $folder/node_modules/.guildhall-setup 2>/dev/null || true)" != "$lock" ]; then
    if ! command -v npm >/dev/null && command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
      say "Installing system packages: nodejs npm"
      apt-get update -qq
      DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nodejs npm >/dev/null
    fi
    command -v npm >/dev/null || fail "npm was not found; tests with programs of another make need it"
    npm ci --prefix $folder --ignore-scripts --no-audit --no-fund --loglevel=error
    printf '%s\n' "$lock" > $folder/node_modules/.guildhall-setup
  fi
done

wanted=$({ "$python" --version; cat requirements-dev.lock packaging/crosscheck.lock pyproject.toml; pwd; } | sha256sum | cut -d' ' -f1)
if [ -x $venv/bin/guildhall ] && [ "$(cat $stamp 2>/dev/null || true)" = "$wanted" ]; then
  exit 0
fi

# What the window draws with, and what one dependency (fastecdsa) is compiled with.
libraries="libegl1 libgl1 libxkbcommon-x11-0 libdbus-1-3 libfontconfig1 libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1
  libxcb-shape0 libxcb-xkb1 libxcb-render-util0 libxcb-image0 libgmp-dev gcc libc6-dev"
fonts="fonts-noto-cjk"
# What tests run a server of, and make networks of; continuous integration must not do without it.
[ "${CI:-}" != true ] || libraries="$libraries postgresql iproute2 nftables"
needed=""
if command -v dpkg-query >/dev/null; then
  missing() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null || true)" != installed ]; }
  for name in $libraries; do if missing "$name"; then needed="$needed $name"; fi; done
  "$python" -c 'import os, sys, sysconfig; sys.exit(not os.path.exists(sysconfig.get_path("include") + "/Python.h"))' ||
    needed="$needed python3-dev"
  "$python" -c 'import ensurepip' 2>/dev/null || needed="$needed python3-venv"
  wished=""
  for name in $fonts; do if missing "$name"; then wished="$wished $name"; fi; done
  if [ -n "$needed$wished" ] && [ "$(id -u)" = 0 ]; then
    say "Installing system packages:$needed$wished"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    # shellcheck disable=SC2086  # a list of names
    apt-get install -y -qq --no-install-recommends $needed $wished >/dev/null
  elif [ -n "$needed" ]; then
    say "System packages are missing and installing them needs root. Run this line, then try again:"
    say "  sudo apt-get install -y --no-install-recommends$needed$wished"
    exit 1
  elif [ -n "$wished" ]; then
    say "Chinese text needs a font that is not installed: sudo apt-get install -y$wished"
  fi
else
  say "This is no Debian: see docs/dependencies.md for the system libraries if the window does not start."
fi

say "Setting up .venv (once; takes about a minute)"
rm -f $stamp
"$python" -m venv --clear $venv
$venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
$venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r packaging/crosscheck.lock
PYTHONWARNINGS=ignore $venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
printf '%s\n' "$wanted" > $stamp
say "Ready. The command line is .venv/bin/guildhall"
