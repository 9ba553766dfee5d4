/* What goes wrong, and how the program is told. */

#include "example.h"

/* The last failure has this status, a text with this in it, and these atoms. */
static void want(int status, int expected, const char *text, int64_t atom, int64_t other) {
  int64_t atoms[2];
  ponita_last_error_atoms(atoms);
  if (status != expected || strstr(ponita_last_error(), text) == NULL || atoms[0] != atom || atoms[1] != other) {
    fprintf(stderr, "status %d, \"%s\", atoms %lld %lld; want %d, \"%s\", %lld %lld\n", status, ponita_last_error(),
            (long long)atoms[0], (long long)atoms[1], expected, text, (long long)atom, (long long)other);
    exit(1);
  }
  printf("%d: %s\n", status, ponita_last_error());
}

int main(int argc, char **argv) {
  ponita_model model, none;
  ponita_model_info info;
  ponita_options options;
  ponita_calculator calculator, second;
  ponita_structure structure = water_structure(1);
  ponita_result result;
  ponita_domain domain;
  ponita_neighbors neighbors;
  ponita_atoms atoms;
  double moved[3 * ATOMS], flat[9];
  int32_t numbers[ATOMS], list[2] = {1, 0};
  int64_t start[3] = {0, 1, 2};

  WANT(argc == 2);
  WANT(strcmp(ponita_last_error(), "") == 0);
  want(ponita_model_open("no such file", &none), PONITA_EFILE, "no such file", -1, -1);
  WANT(none == NULL);
  want(ponita_model_open("/dev/null", &none), PONITA_EFILE, "not a readable model", -1, -1);
  want(ponita_model_open(NULL, &none), PONITA_EARGUMENT, "null pointer", -1, -1);
  want(ponita_model_open(argv[1], NULL), PONITA_EARGUMENT, "null pointer", -1, -1);
  CHECK(ponita_model_open(argv[1], &model));

  memset(&info, 0, sizeof info);
  want(ponita_model_describe(model, &info), PONITA_EARGUMENT, "sizeof", -1, -1);
  want(ponita_model_describe(NULL, &info), PONITA_EHANDLE, "no model", -1, -1);

  START(options);
  options.precision = 16;
  want(ponita_calculator_new(model, &options, &calculator), PONITA_EARGUMENT, "16 bits", -1, -1);
  CHECK(ponita_calculator_new(model, NULL, &calculator));
  CHECK(ponita_calculator_new(model, NULL, &second));
  CHECK(ponita_calculator_free(second));
  START(result);
  want(ponita_compute(second, &structure, &result), PONITA_EHANDLE, "given back", -1, -1);

  /* an element that the model does not know: neon */
  memcpy(numbers, water_numbers, sizeof numbers);
  numbers[4] = 10;
  structure.numbers = numbers;
  want(ponita_compute(calculator, &structure, &result), PONITA_EELEMENT, "atom 5", 4, -1);
  structure.numbers = water_numbers;

  memcpy(moved, water, sizeof moved);
  moved[3 * 2] = NAN;
  structure.positions = moved;
  want(ponita_compute(calculator, &structure, &result), PONITA_ESTRUCTURE, "atom 3", 2, -1);
  memcpy(moved, water, sizeof moved);
  memcpy(moved, moved + 9, 3 * sizeof *moved);
  want(ponita_compute(calculator, &structure, &result), PONITA_ESTRUCTURE, "coincide", 0, 3);
  structure.positions = water;
  memcpy(flat, box, sizeof flat);
  memcpy(flat, flat + 3, 3 * sizeof *flat);
  structure.cell = flat;
  want(ponita_compute(calculator, &structure, &result), PONITA_ESTRUCTURE, "linearly dependent", -1, -1);
  structure.cell = NULL;
  want(ponita_compute(calculator, &structure, &result), PONITA_EARGUMENT, "cell", -1, -1);
  structure.cell = box;
  CHECK(ponita_compute(calculator, &structure, &result)); /* a failure leaves no trace */

  /* stages, and rows that have no name here but a number */
  CHECK(ponita_domain_new(model, NULL, &domain));
  START(neighbors);
  neighbors.own = 2;
  neighbors.start = start;
  neighbors.neighbors = list;
  START(atoms);
  atoms.positions = water;
  atoms.numbers = water_numbers;
  want(ponita_domain_begin(domain, &atoms), PONITA_EARGUMENT, "before neighbors", -1, -1);
  list[1] = 1;
  want(ponita_domain_neighbors(domain, &neighbors), PONITA_EARGUMENT, "atom 2", 1, -1);
  list[1] = 0;
  CHECK(ponita_domain_neighbors(domain, &neighbors));
  /* lists that are refused leave none behind */
  list[1] = 1;
  want(ponita_domain_neighbors(domain, &neighbors), PONITA_EARGUMENT, "atom 2", 1, -1);
  list[1] = 0;
  want(ponita_domain_begin(domain, &atoms), PONITA_EARGUMENT, "before neighbors", -1, -1);
  /* a program compiled when there were no ids */
  neighbors.size = offsetof(ponita_neighbors, ids);
  CHECK(ponita_domain_neighbors(domain, &neighbors));
  neighbors.size = sizeof neighbors;
  want(ponita_domain_forward(domain, 0), PONITA_EARGUMENT, "out of order", -1, -1);
  atoms.numbers = numbers + 3;
  want(ponita_domain_begin(domain, &atoms), PONITA_EELEMENT, "atom 2", 1, -1);
  atoms.numbers = water_numbers;
  memcpy(moved + 3, moved, 3 * sizeof *moved);
  atoms.positions = moved;
  want(ponita_domain_begin(domain, &atoms), PONITA_ESTRUCTURE, "atoms 1 and 2", 0, 1);
  atoms.positions = water;
  CHECK(ponita_domain_begin(domain, &atoms));
  want(ponita_domain_get_rows(domain, 1, list, moved), PONITA_EARGUMENT, "nothing to exchange", -1, -1);
  want(ponita_domain_finish(domain, &result), PONITA_EARGUMENT, "0 stages", -1, -1);

  CHECK(ponita_domain_free(domain));
  CHECK(ponita_calculator_free(calculator));
  CHECK(ponita_model_close(model));
  want(ponita_model_close(model), PONITA_EHANDLE, "given back", -1, -1);
  return 0;
}
