/* Many calls, of both kinds, then with handles made and given back: memory does
   not grow. The second argument is the number of calls. */

#include "example.h"

static long resident(void) { /* bytes */
  long size = 0, pages = 0;
  FILE *f = fopen("/proc/self/statm", "r");
  WANT(f != NULL && fscanf(f, "%ld %ld", &size, &pages) == 2);
  fclose(f);
  return pages * 4096;
}

int main(int argc, char **argv) {
  ponita_model model;
  ponita_calculator calculator;
  ponita_domain domain;
  ponita_domain_info info;
  ponita_neighbors neighbors;
  ponita_atoms atoms;
  ponita_structure structure = water_structure(1);
  ponita_result result;
  double forces[3 * ATOMS], positions[3 * ATOMS];
  int32_t list[ATOMS * ATOMS], rows[ATOMS];
  int64_t start[ATOMS + 1] = {0};
  char *buffer;
  long calls, k, before = 0, steady = 0, after;
  int i, j, t;

  WANT(argc == 3);
  calls = atol(argv[2]);
  CHECK(ponita_model_open(argv[1], &model));
  for (i = 0; i < ATOMS; i++) {
    rows[i] = i;
    start[i + 1] = start[i];
    for (j = 0; j < ATOMS; j++)
      if (j != i) list[start[i + 1]++] = j;
  }
  CHECK(ponita_calculator_new(model, NULL, &calculator));
  CHECK(ponita_domain_new(model, NULL, &domain));
  START(info);
  CHECK(ponita_domain_describe(domain, &info));
  buffer = (char *)malloc(ATOMS * (size_t)info.row_bytes);
  structure.positions = positions;
  for (k = 0; k < calls + calls / 5; k++) {
    if (k == calls / 10) before = resident();
    if (k == calls) steady = resident();
    if (k >= calls && k % 50 == 0) { /* everything anew */
      CHECK(ponita_calculator_free(calculator));
      CHECK(ponita_domain_free(domain));
      CHECK(ponita_model_close(model));
      CHECK(ponita_model_open(argv[1], &model));
      CHECK(ponita_calculator_new(model, NULL, &calculator));
      CHECK(ponita_domain_new(model, NULL, &domain));
    }
    for (i = 0; i < 3 * ATOMS; i++) positions[i] = water[i] + 0.1 * sin(0.01 * (double)(k + i));
    structure.atoms = ATOMS - 3 * (k % 7 == 0);
    START(result);
    result.forces = forces;
    CHECK(ponita_compute(calculator, &structure, &result));

    START(neighbors);
    neighbors.own = ATOMS;
    neighbors.start = start;
    neighbors.neighbors = list;
    CHECK(ponita_domain_neighbors(domain, &neighbors));
    START(atoms);
    atoms.positions = positions;
    atoms.numbers = water_numbers;
    CHECK(ponita_domain_begin(domain, &atoms));
    for (t = 0; t < info.layers; t++) {
      CHECK(ponita_domain_forward(domain, t));
      CHECK(ponita_domain_get_rows(domain, ATOMS, rows, buffer));
      CHECK(ponita_domain_set_rows(domain, ATOMS, rows, buffer)); /* which has no ghosts */
    }
    for (t = info.layers - 1; t >= 0; t--) CHECK(ponita_domain_backward(domain, t));
    CHECK(ponita_domain_finish(domain, &result));
    WANT(ponita_domain_forward(domain, 99) == PONITA_EARGUMENT); /* failures do not leak either */
  }
  after = resident();
  printf("%ld calls: %.1f MB at a tenth, %.1f MB at the end; with %ld models more %.1f MB\n", calls, (double)before / 1e6,
         (double)steady / 1e6, calls / 250, (double)after / 1e6);
  /* A leak of 200 bytes a call would be 2 MB in the default 10 000. */
  WANT(steady - before < 2000000);
  /* Each model takes a megabyte, and the collector lets some lie. */
  WANT(after - steady < 20000000);
  free(buffer);
  return 0;
}
