#!/bin/sh
# Installs the peers that are missing, as far as this machine allows: LAMMPS with
# the models of OpenKIM and OpenBLAS from the distribution, PyTorch into .venv or
# else from the distribution too. What cannot be had is left out with a line, and
# peers.py skips it.
#
#   PEERS_TORCH=no    leave PyTorch out (it takes some 5 GB with its libraries)
#
# Its arguments are those of peers.py: what they do not ask for is not installed.

only= before=
for argument in "$@"; do
	case $argument in
	--help | -h) exit 0 ;;
	--only=*) only=${argument#--only=} ;;
	*) [ "$before" = --only ] && only=$argument ;;
	esac
	before=$argument
done

cd "$(dirname "$0")/../.." || exit 1
PATH=$PATH:/usr/sbin:/sbin # for ldconfig, which is not in everybody's
sudo=
[ "$(id -u)" = 0 ] || sudo=sudo

missing=
want() { missing="$missing $*"; }
# Installs what is missing, one at a time: a package that does not exist keeps
# out nothing else.
install() {
	[ -n "$missing" ] || return
	if ! command -v apt-get >/dev/null; then
		echo "peers: to compare with all peers, install:$missing"
		return
	fi
	$sudo apt-get update -q
	for package in $missing; do
		# No questions: nobody may be there, and the output of make is not a terminal.
		$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$package" ||
			echo "peers: no package $package"
	done
	missing=
}

models=$(find /usr/lib /usr/local/lib -maxdepth 4 -name 'SNAP_ZuoChenLi_2019_Si*' 2>/dev/null | head -1)
command -v lmp >/dev/null && [ -n "$models" ] || want lammps lammps-data openkim-models
ldconfig -p 2>/dev/null | grep -q 'libopenblas\.so\.0' || want libopenblas0
command -v python3 >/dev/null || want python3
python3 -c 'import ensurepip' 2>/dev/null || want python3-venv
install

[ "$PEERS_TORCH" = no ] && exit 0
[ "$only" = lammps ] && exit 0
torch() { "$1" -c 'import torch, h5py' 2>/dev/null; }
has() { .venv/bin/python -c "import $1" 2>/dev/null; }
if [ -x .venv/bin/python ] || python3 -m venv .venv; then
	for module in h5py scipy_openblas32 torch; do
		has $module && continue
		package=$(echo $module | tr _ -)
		echo "peers: $package goes into .venv (PEERS_TORCH=no leaves this out)"
		.venv/bin/python -m pip install -q "$package" || echo "peers: no Python package $package"
	done
fi
# else an older one from the distribution
torch .venv/bin/python || torch /usr/bin/python3 || { want python3-torch python3-h5py; install; }
exit 0
