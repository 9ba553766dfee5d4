/* A forked process has none of the library's threads: it gets an error instead
   of waiting for them for ever. The parent goes on. */

#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "example.h"

int main(int argc, char **argv) {
  ponita_model model, other;
  ponita_calculator calculator;
  ponita_options options;
  ponita_structure structure = water_structure(1);
  ponita_result result;
  double before;
  pid_t child;
  int status;

  WANT(argc == 2);
  CHECK(ponita_model_open(argv[1], &model));
  START(options);
  options.threads = 2;
  CHECK(ponita_calculator_new(model, &options, &calculator));
  START(result);
  CHECK(ponita_compute(calculator, &structure, &result));
  before = result.energy;

  child = fork();
  WANT(child >= 0);
  if (child == 0) {
    alarm(20);
    if (ponita_compute(calculator, &structure, &result) != PONITA_EFORK) _exit(1);
    if (strstr(ponita_last_error(), "spawn") == NULL) _exit(2);
    if (ponita_model_open(argv[1], &other) != PONITA_EFORK) _exit(3);
    if (ponita_calculator_free(calculator) != PONITA_EFORK) _exit(4);
    if (ponita_abi() != PONITA_ABI || ponita_version() == NULL) _exit(5);
    exit(0); /* through the handlers of exit */
  }
  WANT(waitpid(child, &status, 0) == child);
  WANT(WIFEXITED(status) && WEXITSTATUS(status) == 0);

  WANT(system("true") == 0); /* a fork that starts a program is harmless */
  CHECK(ponita_compute(calculator, &structure, &result));
  WANT(result.energy == before);
  return 0;
}
