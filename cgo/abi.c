// The functions of ponita.h: each guards the host and calls Go.
//
// This is a file of its own because the C code in a Go file with exports is
// compiled twice, and its variables and constructors would exist twice.

#include <fenv.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "_cgo_export.h"

// The last failure of a thread is not thread-local storage of the compiler's kind: Go's
// libraries take all of that from the little that programs have for libraries which they
// load later, and two such libraries do not fit.
static pthread_key_t failures;
static int keyless; // the process has used up its keys

static pid_t loaded_by;
static fenv_t host;

// Go starts its threads while the library is loaded, and they inherit the
// floating-point environment of the thread that loads it: traps that the host
// has enabled would kill them. So this runs before Go, by its priority, and
// restore_host after it: the linker puts constructors without a priority in the
// order of the objects, and Go's comes first.
__attribute__((constructor(101))) static void guard_load(void) {
  loaded_by = getpid();
  keyless = pthread_key_create(&failures, free);
  fegetenv(&host);
  fesetenv(FE_DFL_ENV);
}

__attribute__((constructor)) static void restore_host(void) { fesetenv(&host); }

static failure *last(void) {
  static failure nowhere; // without a key or memory
  if (keyless) return &nowhere;
  failure *mine = pthread_getspecific(failures);
  if (!mine && (mine = malloc(sizeof *mine))) {
    *mine = (failure){"", {-1, -1}};
    if (pthread_setspecific(failures, mine)) {
      free(mine);
      mine = NULL;
    }
  }
  return mine ? mine : &nowhere;
}

static int fail(int status, const char *text) {
  failure *f = last();
  strncpy(f->text, text, sizeof f->text - 1);
  f->atoms[0] = f->atoms[1] = -1;
  return status;
}

// enter refuses in a forked process, where Go has lost its threads and would
// wait for them for ever, and sets the floating-point environment that Go
// expects: no traps, round to nearest, subnormal numbers as they are.
static int enter(fenv_t *env) {
  if (getpid() != loaded_by) {
    return fail(PONITA_EFORK, "ponita: this process was forked after it had loaded the library, whose threads do "
                              "not survive that: load it after the fork, or start processes anew (spawn)");
  }
  fegetenv(env);
  fesetenv(FE_DFL_ENV);
  return PONITA_OK;
}

static int leave(const fenv_t *env, int status) {
  fesetenv(env);
  return status;
}

#define GUARDED(call)                     \
  do {                                    \
    fenv_t env;                           \
    int refused = enter(&env);            \
    return refused ? refused : leave(&env, call); \
  } while (0)

int ponita_abi(void) { return PONITA_ABI; }

const char *ponita_version(void) {
  fenv_t env;
  const char *text;
  if (enter(&env)) return "unknown";
  text = goVersion();
  leave(&env, PONITA_OK);
  return text;
}

const char *ponita_last_error(void) { return last()->text; }

void ponita_last_error_atoms(int64_t atoms[2]) {
  if (atoms) memcpy(atoms, last()->atoms, sizeof last()->atoms);
}

// A handle is a number, and a number that is no address must not be a pointer
// in Go.

int ponita_model_open(const char *path, ponita_model *model) {
  GUARDED(goModelOpen((char *)path, (uintptr_t *)model, last()));
}

int ponita_model_open_bytes(const void *bytes, size_t count, ponita_model *model) {
  GUARDED(goModelOpenBytes((void *)bytes, count, (uintptr_t *)model, last()));
}

int ponita_model_close(ponita_model model) { GUARDED(goModelClose((uintptr_t)model, last())); }

int ponita_model_describe(ponita_model model, ponita_model_info *info) {
  GUARDED(goModelDescribe((uintptr_t)model, info, last()));
}

int ponita_model_species(ponita_model model, int32_t index, ponita_species_info *info) {
  GUARDED(goModelSpecies((uintptr_t)model, index, info, last()));
}

int ponita_calculator_new(ponita_model model, const ponita_options *options, ponita_calculator *calculator) {
  GUARDED(goCalculatorNew((uintptr_t)model, (void *)options, (uintptr_t *)calculator, last()));
}

int ponita_calculator_free(ponita_calculator calculator) { GUARDED(goCalculatorFree((uintptr_t)calculator, last())); }

int ponita_compute(ponita_calculator calculator, const ponita_structure *structure, ponita_result *result) {
  GUARDED(goCompute((uintptr_t)calculator, (void *)structure, result, last()));
}

int ponita_domain_new(ponita_model model, const ponita_options *options, ponita_domain *domain) {
  GUARDED(goDomainNew((uintptr_t)model, (void *)options, (uintptr_t *)domain, last()));
}

int ponita_domain_free(ponita_domain domain) { GUARDED(goDomainFree((uintptr_t)domain, last())); }

int ponita_domain_describe(ponita_domain domain, ponita_domain_info *info) {
  GUARDED(goDomainDescribe((uintptr_t)domain, info, last()));
}

int ponita_domain_neighbors(ponita_domain domain, const ponita_neighbors *neighbors) {
  GUARDED(goDomainNeighbors((uintptr_t)domain, (void *)neighbors, last()));
}

int ponita_domain_begin(ponita_domain domain, const ponita_atoms *atoms) {
  GUARDED(goDomainBegin((uintptr_t)domain, (void *)atoms, last()));
}

int ponita_domain_forward(ponita_domain domain, int32_t layer) {
  GUARDED(goDomainForward((uintptr_t)domain, layer, last()));
}

int ponita_domain_backward(ponita_domain domain, int32_t layer) {
  GUARDED(goDomainBackward((uintptr_t)domain, layer, last()));
}

int ponita_domain_get_rows(ponita_domain domain, int64_t count, const int32_t *rows, void *buffer) {
  GUARDED(goDomainRows((uintptr_t)domain, count, (int32_t *)rows, buffer, 0, last()));
}

int ponita_domain_set_rows(ponita_domain domain, int64_t count, const int32_t *rows, const void *buffer) {
  GUARDED(goDomainRows((uintptr_t)domain, count, (int32_t *)rows, (void *)buffer, 1, last()));
}

int ponita_domain_finish(ponita_domain domain, ponita_result *result) {
  GUARDED(goDomainFinish((uintptr_t)domain, result, last()));
}
