#!/bin/sh
# Builds pair_style ponita for the LAMMPS of this Debian or Ubuntu, in the folder
# given, where libponita.so is already:
#
#   lmp_ponita       LAMMPS with the pair style, on the distribution's liblammps
#   ponitaplugin.so  for "plugin load" in a LAMMPS of the same version
#
# Headers of that very version come from the distribution's source package and
# are kept in .lammps. With LAMMPS_SRC=…/src only the plugin is built, for that
# version. Exit status 3: this cannot be had here.
set -eu

dest=${1:?usage: lammps/build.sh FOLDER}
here=$(cd "$(dirname "$0")" && pwd)
keep=$here/../.lammps
missing() { echo "lammps/build.sh: $*" >&2; exit 3; }
[ -e "$dest/libponita.so" ] || { echo "lammps/build.sh: no libponita.so in $dest: run make lib first" >&2; exit 1; }
sudo=$([ "$(id -u)" = 0 ] || echo sudo)
exec 9> "$here/../.install.lock" && flock 9 # tests of two packages install at the same time

if [ -z "${LAMMPS_SRC:-}" ]; then
	command -v apt-get >/dev/null || missing "no apt-get here: set LAMMPS_SRC to the src folder of your LAMMPS"
	if ! command -v lmp >/dev/null || ! command -v mpirun >/dev/null || ! command -v g++ >/dev/null || ! command -v xz >/dev/null; then
		$sudo apt-get update -q && $sudo apt-get install -y -q --no-install-recommends lammps openmpi-bin g++ xz-utils ||
			missing "the packages lammps, openmpi-bin, g++ and xz-utils cannot be installed"
	fi
	# Debian 13 calls it liblammps0t64, and knows a liblammps0 that is not installed.
	package=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' 'liblammps*' 2>/dev/null | sed -n 's/^installed \(liblammps[0-9a-z]*\)$/\1/p' | head -1)
	[ -n "$package" ] || missing "no package liblammps"
	version=$(dpkg-query -W -f '${source:Version}' "$package")
	library=$(dpkg -L "$package" | grep '/liblammps\.so\.[0-9]*$' | head -1)
	LAMMPS_SRC=$keep/$version/src
	if [ ! -e "$LAMMPS_SRC/version.h" ]; then
		# The same sources as for packages, asked for source code, in lists of their own.
		lists=$keep/lists
		mkdir -p "$lists/partial" "$keep/parts" "$keep/$version"
		sed -s 's/^deb /deb-src /' /etc/apt/sources.list > "$keep/parts/all.list" 2>/dev/null || :
		for f in /etc/apt/sources.list.d/*.sources; do
			[ -e "$f" ] && sed 's/^Types:.*/Types: deb-src/' "$f" > "$keep/parts/$(basename "$f")"
		done
		apt() {
			apt-get -q -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$keep/parts" -o Dir::State::Lists="$lists" -o APT::Sandbox::User=root "$@"
		}
		(cd "$keep/$version" && apt update && apt source --tar-only "lammps=$version") ||
			missing "apt-get source lammps=$version does not work here"
		archive=$(ls "$keep/$version"/*.orig.tar.*)
		tar -xf "$archive" -C "$keep/$version" --strip-components 1 --wildcards '*/src/*.h'
		rm -f "$keep/$version"/*.tar.*
	fi
fi

# LAMMPS' own stand-in for MPI: the pair style calls none of it, and so does not
# depend on whose MPI the host was built with.
compile() {
	${CXX:-g++} -std=c++17 -O2 -fPIC -Wall -Wextra -Werror -isystem "$LAMMPS_SRC" -isystem "$LAMMPS_SRC/STUBS" -I"$here/../cgo" -I"$here" -ffile-prefix-map="$here/=" "$@"
}
objects=$(mktemp -d)
trap 'rm -rf "$objects"' EXIT
for f in pair_ponita register; do
	compile -c "$here/$f.cpp" -o "$objects/$f.o"
done
${CXX:-g++} -shared "$objects/pair_ponita.o" "$objects/register.o" -Wl,-soname,ponitaplugin.so -Wl,-rpath,'$ORIGIN' \
	-L"$dest" -lponita -o "$dest/ponitaplugin.so"
if [ -n "${library:-}" ]; then
	compile -c "$here/lmp_ponita.cpp" -o "$objects/lmp_ponita.o"
	${CXX:-g++} "$objects"/*.o -rdynamic -Wl,-rpath,'$ORIGIN' -L"$dest" -lponita "$library" -ldl -o "$dest/lmp_ponita"
fi
