// The doors of a shared library: plugin load, where LAMMPS has the PLUGIN package,
// and ponita_lammps_register for the launcher and other programs.

#include <string>

#include "error.h"
#include "force.h"
#include "lammps.h"
#include "lammpsplugin.h"
#include "library.h"
#include "pair_ponita.h"
#include "utils.h"
#include "version.h"

using namespace LAMMPS_NS;

// The layout of LAMMPS' classes changes between versions, and LAMMPS does not
// check.
static void check_version(LAMMPS *lmp) {
  const int host = lammps_version(lmp);
  const int built = utils::date2num(LAMMPS_VERSION);
  if (host != built)
    lmp->error->all(FLERR, "Pair ponita was built for LAMMPS " + std::to_string(built) + ", this is " + std::to_string(host) + ": build it again for this version");
  const struct {
    const char *name;
    size_t size;
  } integers[] = {{"bigint", sizeof(bigint)}, {"tagint", sizeof(tagint)}, {"imageint", sizeof(imageint)}};
  for (const auto &i : integers)
    if (lammps_extract_setting(lmp, i.name) != static_cast<int>(i.size))
      lmp->error->all(FLERR, std::string("Pair ponita was built with a ") + i.name + " of " + std::to_string(i.size) + " bytes, this LAMMPS has " +
                      std::to_string(lammps_extract_setting(lmp, i.name)) + ": build it with the LAMMPS_SIZES of the host, as in CXX=\"g++ -DLAMMPS_BIGBIG\"");
}

static Pair *create(LAMMPS *lmp) { return new PairPonita(lmp); }

static void *create_plugin(void *lmp) { return new PairPonita(static_cast<LAMMPS *>(lmp)); }

extern "C" void lammpsplugin_init(void *lmp, void *handle, void *regfunc) {
  check_version(static_cast<LAMMPS *>(lmp));
  lammpsplugin_t plugin = {};
  plugin.version = LAMMPS_VERSION;
  plugin.style = "pair";
  plugin.name = "ponita";
  plugin.info = "PONITA, a learned interatomic potential";
  plugin.author = "the ponita developers";
  plugin.creator.v1 = create_plugin;
  plugin.handle = handle;
  reinterpret_cast<lammpsplugin_regfunc>(regfunc)(&plugin, lmp);
}

// Adds pair_style ponita to a LAMMPS of the same version.
extern "C" void ponita_lammps_register(void *handle) {
  auto *lmp = static_cast<LAMMPS *>(handle);
  check_version(lmp);
  (*lmp->force->pair_map)["ponita"] = &create;
}
