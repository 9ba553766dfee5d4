// lmp_ponita runs LAMMPS as its own program does, with pair_style ponita added:
// for distributions whose LAMMPS lacks the PLUGIN package. Input scripts that say
// "plugin load …ponita…" work too.
//
// MPI is started by LAMMPS' own functions, so this program needs none.

#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "command.h"
#include "comm.h"
#include "error.h"
#include "exceptions.h"
#include "input.h"
#include "lammps.h"
#include "library.h"
#include "utils.h"

using namespace LAMMPS_NS;

extern "C" void ponita_lammps_register(void *);

namespace {

class Plugin : public Command {
 public:
  explicit Plugin(LAMMPS *lmp) : Command(lmp) {}
  void command(int narg, char **arg) override {
    std::string what;
    for (int k = 0; k < narg; k++) what += std::string(k ? " " : "") + arg[k];
    const char *file = narg == 2 && !strcmp(arg[0], "load") ? arg[1] : "";
    if (const char *slash = strrchr(file, '/')) file = slash + 1;
    if (!strstr(file, "ponita"))
      error->all(FLERR, "This LAMMPS has no PLUGIN package: lmp_ponita knows no plugin but ponita, by plugin load, not: plugin " + what);
    ponita_lammps_register(lmp);
  }
};

Command *create_plugin(LAMMPS *lmp) { return new Plugin(lmp); }

void add_styles(LAMMPS *lmp) {
  ponita_lammps_register(lmp);
  if (!lmp->input->command_map->count("plugin")) (*lmp->input->command_map)["plugin"] = &create_plugin;
}

}  // namespace

// The command clear makes all styles anew and then calls this function of the
// library: the program's takes precedence, calls it and adds ours again.
void LAMMPS::post_create() {
  static void *original = dlsym(RTLD_NEXT, "_ZN9LAMMPS_NS6LAMMPS11post_createEv");
  void (*call)(LAMMPS *);
  memcpy(&call, &original, sizeof call);
  if (call) call(this);
  add_styles(this);
}

int main(int argc, char **argv) {
  // Without mpirun Open MPI starts a daemon beside the program, for spawning what
  // LAMMPS never spawns; where the daemon cannot start there is no program either.
  setenv("OMPI_MCA_ess_singleton_isolated", "1", 0);
  lammps_mpi_init();
  auto *lmp = static_cast<LAMMPS *>(lammps_open_no_mpi(argc, argv, nullptr));
  if (!lmp) return 1;
  add_styles(lmp);
  // Where LAMMPS throws its errors it has told of them before. An abort is that of
  // this process alone: to end without MPI's own end takes the others along.
  try {
    lmp->input->file();
    lammps_close(lmp);
  } catch (const LAMMPSAbortException &) {
    fflush(nullptr);
    _Exit(1);
  } catch (const LAMMPSException &) {
    fflush(nullptr);
    lammps_mpi_finalize();
    return 1;
  } catch (const std::exception &e) {
    // Not an error of LAMMPS: nobody has told of it, and it may be this process' alone.
    fprintf(stderr, "ERROR: %s\n", e.what());
    fflush(nullptr);
    _Exit(1);
  }
  lammps_mpi_finalize();
  return 0;
}
