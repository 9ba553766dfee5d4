#!/bin/sh
# Builds the wheel in the folder given, and installs it beside ASE and pytest in
# python/.venv, for the tests. Exit status 3: this cannot be had here.
set -eu

dest=${1:?usage: python/build.sh FOLDER}
mkdir -p "$dest"
dest=$(cd "$dest" && pwd)
cd "$(dirname "$0")"
missing() { echo "python/build.sh: $*" >&2; exit 3; }
sudo=$([ "$(id -u)" = 0 ] || echo sudo)
exec 9> ../.install.lock && flock 9 # tests of two packages install at the same time

ready() { python3 -c 'import ensurepip, sys; assert sys.version_info >= (3, 10)' 2>/dev/null; }
if ! ready && command -v apt-get >/dev/null; then
	$sudo apt-get update -q && $sudo apt-get install -y -q --no-install-recommends python3-venv || :
fi
ready || missing "no Python 3.10 or later with venv"
if ! .venv/bin/python -c 'import ase, hatchling, pytest' 2>/dev/null; then
	python3 -m venv --clear .venv || missing "python3 -m venv does not work here"
	.venv/bin/pip install -q ase hatchling pytest || missing "ase, hatchling and pytest cannot be installed"
fi
rm -f "$dest"/ponita-*.whl
.venv/bin/pip wheel -q --no-deps --no-build-isolation -w "$dest" .
.venv/bin/pip install -q --no-deps --force-reinstall "$dest"/ponita-*.whl
