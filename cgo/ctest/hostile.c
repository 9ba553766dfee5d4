/* A host with floating-point traps, flushed subnormals, another rounding and
   handlers of its own loads the library: nothing of that changes the results, and
   nothing of it is changed. This program is not linked with the library. */

#include <dlfcn.h>
#include <errno.h>
#include <fenv.h>
#include <setjmp.h>
#include <signal.h>
#include <unistd.h>
#ifdef __SSE2__
#include <xmmintrin.h>
#endif

#include "example.h"

#ifdef __GLIBC__
extern
#ifdef __cplusplus
    "C"
#endif
    int feenableexcept(int);
#endif

static volatile sig_atomic_t seen[65];
static sigjmp_buf back;
static double plain; /* the energy of the first call */

static void count(int sig) { seen[sig]++; }
static void escape(int sig) {
  seen[sig]++;
  siglongjmp(back, 1);
}

static void handle(int sig, void (*handler)(int)) {
  struct sigaction a;
  memset(&a, 0, sizeof a);
  a.sa_handler = handler;
  a.sa_flags = SA_ONSTACK;
  sigaction(sig, &a, NULL);
}

static void (*handler_of(int sig))(int) {
  struct sigaction a;
  sigaction(sig, NULL, &a);
  return a.sa_handler;
}

static unsigned control(void) {
#ifdef __SSE2__
  return _mm_getcsr() & ~0x3fu; /* without the flags of what has happened */
#else
  return (unsigned)fegetround();
#endif
}

#define FIND(name) *(void **)(&name##_p) = dlsym(library, #name)

int main(int argc, char **argv) {
  static const int kept[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGCHLD, SIGALRM, SIGPROF};
  int (*ponita_model_open_p)(const char *, ponita_model *);
  int (*ponita_calculator_new_p)(ponita_model, const ponita_options *, ponita_calculator *);
  int (*ponita_compute_p)(ponita_calculator, const ponita_structure *, ponita_result *);
  void *library;
  ponita_model model;
  ponita_calculator calculator;
  ponita_structure structure = water_structure(1);
  ponita_options options;
  ponita_result result;
  unsigned host;
  int ends[2], k, call, trapped = argc > 3 && strcmp(argv[3], "plain") != 0;

  if (argc != 4) return 2;
  for (k = 0; k < (int)(sizeof kept / sizeof *kept); k++) handle(kept[k], count);
  handle(SIGSEGV, escape);
  handle(SIGFPE, SIG_DFL);
  signal(SIGPIPE, SIG_IGN);
  if (trapped) {
#ifdef __GLIBC__
    feenableexcept(FE_DIVBYZERO | FE_INVALID | FE_OVERFLOW);
#endif
    fesetround(FE_UPWARD);
#ifdef __SSE2__
    _mm_setcsr(_mm_getcsr() | 0x8040); /* flush to zero, denormals are zero */
#endif
  }
  host = control();

  library = dlopen(argv[2], RTLD_NOW);
  if (library == NULL) {
    fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
#define MUST(condition)                                                         \
  do {                                                                          \
    if (!(condition)) {                                                         \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);           \
      return 1;                                                                 \
    }                                                                           \
  } while (0)
  MUST(control() == host);
  FIND(ponita_model_open);
  FIND(ponita_calculator_new);
  FIND(ponita_compute);
  MUST(ponita_model_open_p(argv[1], &model) == PONITA_OK);
  START(options);
  options.threads = 2;
  MUST(ponita_calculator_new_p(model, &options, &calculator) == PONITA_OK);
  for (call = 0; call < 50; call++) {
    START(result);
    MUST(ponita_compute_p(calculator, &structure, &result) == PONITA_OK);
    MUST(control() == host);
    MUST(call == 0 || result.energy == plain);
    plain = result.energy;
  }

  for (k = 0; k < (int)(sizeof kept / sizeof *kept); k++) {
    MUST(handler_of(kept[k]) == count);
    raise(kept[k]);
    MUST(seen[kept[k]] == 1);
  }
  MUST(pipe(ends) == 0);
  close(ends[0]);
  MUST(write(ends[1], "x", 1) == -1 && errno == EPIPE); /* still ignored */

  /* A fault in the host's own code is the host's. */
  if (sigsetjmp(back, 1) == 0) {
    volatile int *nowhere = NULL;
    *nowhere = 1;
  }
  MUST(seen[SIGSEGV] == 1);
  START(result);
  MUST(ponita_compute_p(calculator, &structure, &result) == PONITA_OK && result.energy == plain);

  dlclose(library); /* which does not unload it: its threads live on */
  library = dlopen(argv[2], RTLD_NOW);
  FIND(ponita_compute);
  MUST(ponita_compute_p(calculator, &structure, &result) == PONITA_OK && result.energy == plain);
  printf("%a\n", plain);
  return 0;
}
