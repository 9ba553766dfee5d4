/* Computes structures that come on standard input, for the tests in Go that hold
   for every potential. A request is n (int32) and periodicity (3 int32), numbers
   (n int32), cell (9 doubles) and positions (3n doubles); the answer a status
   (int32), 4 bytes of nothing, energy, virial (6) and forces (3n). */

#include "example.h"

static int receive(void *to, size_t n) { return fread(to, 1, n, stdin) == n; }

int main(int argc, char **argv) {
  ponita_model model;
  ponita_options options;
  ponita_calculator calculator;
  int32_t head[4];
  WANT(argc == 2);
  CHECK(ponita_model_open(argv[1], &model));
  START(options);
  options.precision = 64;
  CHECK(ponita_calculator_new(model, &options, &calculator));
  while (receive(head, sizeof head)) {
    size_t n = (size_t)head[0];
    int32_t *numbers = (int32_t *)malloc(n * sizeof *numbers + 1), status[2] = {0, 0};
    double *positions = (double *)malloc(3 * n * sizeof *positions + 1);
    double *forces = (double *)calloc(3 * n + 1, sizeof *forces), cell[9];
    ponita_structure s;
    ponita_result r;
    START(s);
    START(r);
    WANT(receive(numbers, n * sizeof *numbers) && receive(cell, sizeof cell));
    WANT(receive(positions, 3 * n * sizeof *positions));
    s.atoms = (int64_t)n;
    s.numbers = numbers;
    s.positions = positions;
    s.cell = cell;
    memcpy(s.periodic, head + 1, sizeof s.periodic);
    r.forces = forces;
    status[0] = ponita_compute(calculator, &s, &r);
    fwrite(status, 1, sizeof status, stdout);
    fwrite(&r.energy, sizeof(double), 1, stdout);
    fwrite(r.virial, sizeof(double), 6, stdout);
    fwrite(forces, sizeof(double), 3 * n, stdout);
    fflush(stdout);
    free(numbers);
    free(positions);
    free(forces);
  }
  return 0;
}
