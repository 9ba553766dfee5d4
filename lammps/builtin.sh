#!/bin/sh
# Tries the third door: LAMMPS from the distribution's source package, without
# packages, with pair_style ponita among its own styles, in .lammps/builtin. It
# must print what lmp_ponita of the folder given prints for the example on two
# ranks. The build takes four minutes of one core, the first time.
set -eu

dest=$(cd "${1:?usage: lammps/builtin.sh FOLDER}" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
keep=$(cd "$here/../.lammps" && pwd) # of build.sh, with the lists of source packages
builtin=$keep/builtin
sudo=$([ "$(id -u)" = 0 ] || echo sudo)

if ! command -v cmake >/dev/null || ! command -v mpicxx >/dev/null || [ ! -e "$(mpicxx --showme:incdirs | tr ' ' '\n' | head -1)/mpi.h" ]; then
	$sudo apt-get update -q && $sudo apt-get install -y -q --no-install-recommends cmake make libopenmpi-dev
fi
if [ ! -e "$builtin/source/src/version.h" ]; then
	package=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' 'liblammps*' | sed -n 's/^installed \(liblammps[0-9a-z]*\)$/\1/p' | head -1)
	version=$(dpkg-query -W -f '${source:Version}' "$package")
	mkdir -p "$builtin/source"
	cd "$builtin"
	apt-get -q -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$keep/parts" -o Dir::State::Lists="$keep/lists" \
		-o APT::Sandbox::User=root source --tar-only "lammps=$version"
	tar -xf ./*.orig.tar.* -C source --strip-components 1 --wildcards '*/src' '*/cmake' '*/lib'
	rm -f lammps_*
fi
for f in "$here/pair_ponita.cpp" "$here/pair_ponita.h" "$here/../cgo/ponita.h"; do
	cmp -s "$f" "$builtin/source/src/$(basename "$f")" || cp "$f" "$builtin/source/src/"
done
cmake -S "$builtin/source/cmake" -B "$builtin/build" -D BUILD_MPI=on -D BUILD_OMP=off -D WITH_JPEG=off -D WITH_PNG=off \
	-D WITH_GZIP=off -D WITH_FFMPEG=off -D CMAKE_BUILD_TYPE=None -D CMAKE_CXX_FLAGS=-O1 \
	-D CMAKE_EXE_LINKER_FLAGS="-L'$dest' '-Wl,-rpath,$dest'" -D CMAKE_CXX_STANDARD_LIBRARIES=-lponita >"$builtin/cmake.log"
cmake --build "$builtin/build" -j "$(nproc)" >"$builtin/build.log" || { tail -20 "$builtin/build.log"; exit 1; }

cd "$here/example"
sed 's/^thermo  .*/thermo 10/; s/^run .*/run 20/' in.acac >"$builtin/in.acac"
thermo() { # the table without the clock
	mpirun --allow-run-as-root --oversubscribe -np 2 "$1" -in "$builtin/in.acac" -log none |
		awk '/^ *Step/ {on = 1} /^Loop/ {on = 0} on {NF--; print}'
}
thermo "$builtin/build/lmp" | tee "$builtin/one.txt"
thermo "$dest/lmp_ponita" >"$builtin/other.txt"
grep -q '^ *20 ' "$builtin/one.txt" || { echo "lammps/builtin.sh: the example printed no row of step 20"; exit 1; }
cmp "$builtin/one.txt" "$builtin/other.txt"
echo "built in, as by lmp_ponita"
