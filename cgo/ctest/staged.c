/* A system shared by two domains. In an MPI program each would be on a rank of
   its own, and exchange() would send and receive; here both are in one process.
   The sum of their results is that of the whole system. */

#include "example.h"

enum { DOMAINS = 2 };

typedef struct {
  ponita_domain domain;
  int own, ghosts;
  int32_t atom[ATOMS];   /* [row] the atom that the row stands for */
  int32_t row[ATOMS];    /* [row] 0, 1, 2, … */
  int64_t id[ATOMS];     /* [row] the number of that atom */
  double forces[3 * ATOMS];
} part;

/* exchange brings the rows of ghosts up to date with their owners'. */
static void exchange(part *parts) {
  int d, i;
  size_t row_bytes;
  char *buffer, *ghosts;
  ponita_domain_info info;
  START(info);
  CHECK(ponita_domain_describe(parts[0].domain, &info));
  row_bytes = (size_t)info.row_bytes;
  buffer = (char *)malloc(ATOMS * row_bytes); /* of all atoms of the system */
  ghosts = (char *)malloc(ATOMS * row_bytes);
  WANT(buffer != NULL && ghosts != NULL);
  for (d = 0; d < DOMAINS; d++) {
    part *p = &parts[d];
    CHECK(ponita_domain_get_rows(p->domain, p->own, p->row, ghosts));
    for (i = 0; i < p->own; i++) memcpy(buffer + (size_t)p->atom[i] * row_bytes, ghosts + (size_t)i * row_bytes, row_bytes);
  }
  for (d = 0; d < DOMAINS; d++) {
    part *p = &parts[d];
    for (i = 0; i < p->ghosts; i++)
      memcpy(ghosts + (size_t)i * row_bytes, buffer + (size_t)p->atom[p->own + i] * row_bytes, row_bytes);
    CHECK(ponita_domain_set_rows(p->domain, p->ghosts, p->row + p->own, ghosts));
  }
  free(buffer);
  free(ghosts);
}

int main(int argc, char **argv) {
  ponita_model model;
  ponita_options options;
  ponita_calculator calculator;
  ponita_structure structure = water_structure(0);
  ponita_result result, whole;
  ponita_domain_info info;
  part parts[DOMAINS];
  double forces[3 * ATOMS], sum[3 * ATOMS] = {0}, energy = 0, virial[6] = {0, 0, 0, 0, 0, 0};
  int d, i, j, k, t;

  WANT(argc == 2);
  CHECK(ponita_model_open(argv[1], &model));
  START(options);
  options.precision = 64;
  START(info);

  for (d = 0; d < DOMAINS; d++) {
    part *p = &parts[d];
    double positions[3 * ATOMS];
    int32_t numbers[ATOMS], candidates[ATOMS * ATOMS];
    int64_t start[ATOMS + 1] = {0};
    ponita_neighbors neighbors;
    ponita_atoms atoms;

    /* Atoms with an even number are those of domain 0. All others are ghosts: a
       real program takes only those within the cutoff. */
    p->own = p->ghosts = 0;
    for (i = 0; i < ATOMS; i++)
      if (i % DOMAINS == d) p->atom[p->own++] = i;
    for (i = 0; i < ATOMS; i++)
      if (i % DOMAINS != d) p->atom[p->own + p->ghosts++] = i;
    for (i = 0; i < ATOMS; i++) {
      p->row[i] = i;
      p->id[i] = p->atom[i];
      numbers[i] = water_numbers[p->atom[i]];
      for (k = 0; k < 3; k++) positions[3 * i + k] = water[3 * p->atom[i] + k];
    }
    for (i = 0; i < p->own; i++) {
      start[i + 1] = start[i];
      for (j = 0; j < ATOMS; j++)
        if (j != i) candidates[start[i + 1]++] = j;
    }

    CHECK(ponita_domain_new(model, &options, &p->domain));
    START(neighbors);
    neighbors.own = p->own;
    neighbors.ghosts = p->ghosts;
    neighbors.start = start;
    neighbors.neighbors = candidates;
    neighbors.ids = p->id;
    CHECK(ponita_domain_neighbors(p->domain, &neighbors));
    START(atoms);
    atoms.positions = positions;
    atoms.numbers = numbers;
    CHECK(ponita_domain_begin(p->domain, &atoms));
    CHECK(ponita_domain_describe(p->domain, &info));
    printf("domain %d: %d atoms, %d ghosts, %lld edges, %lld bytes a ghost, kernels %s\n", d, p->own, p->ghosts,
           (long long)info.edges, (long long)info.ghost_bytes, info.kernel);
  }

  for (t = 0; t < info.layers; t++) {
    for (d = 0; d < DOMAINS; d++) CHECK(ponita_domain_forward(parts[d].domain, t));
    if (info.layers > 1) exchange(parts);
  }
  for (t = info.layers - 1; t >= 0; t--) {
    for (d = 0; d < DOMAINS; d++) CHECK(ponita_domain_backward(parts[d].domain, t));
    if (t > 1) exchange(parts);
  }
  for (d = 0; d < DOMAINS; d++) {
    part *p = &parts[d];
    START(result);
    result.forces = p->forces;
    CHECK(ponita_domain_finish(p->domain, &result));
    energy += result.energy;
    for (k = 0; k < 6; k++) virial[k] += result.virial[k];
    for (i = 0; i < p->own + p->ghosts; i++)
      for (k = 0; k < 3; k++) sum[3 * p->atom[i] + k] += p->forces[3 * i + k];
  }

  CHECK(ponita_calculator_new(model, &options, &calculator));
  START(whole);
  whole.forces = forces;
  CHECK(ponita_compute(calculator, &structure, &whole));
  printf("energy %.9f eV, of the whole system %.9f eV\n", energy, whole.energy);
  WANT(fabs(energy - whole.energy) < 1e-9);
  for (k = 0; k < 6; k++) WANT(fabs(virial[k] - whole.virial[k]) < 1e-9);
  for (i = 0; i < 3 * ATOMS; i++) WANT(fabs(sum[i] - forces[i]) < 1e-9);

  for (d = 0; d < DOMAINS; d++) CHECK(ponita_domain_free(parts[d].domain));
  CHECK(ponita_calculator_free(calculator));
  CHECK(ponita_model_close(model));
  return 0;
}
