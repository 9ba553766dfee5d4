/* Energy, forces and virial of a structure; what a model knows about itself. */

#include "example.h"

int main(int argc, char **argv) {
  ponita_model model;
  ponita_model_info info;
  ponita_species_info species;
  ponita_options options;
  ponita_calculator calculator;
  ponita_structure structure = water_structure(1);
  ponita_result result;
  double forces[3 * ATOMS], energies[ATOMS], virials[6 * ATOMS], sum = 0;
  double volume = 5.0 * 5.1 * 5.2;
  int i, k;

  WANT(argc == 2);
  WANT(ponita_abi() == PONITA_ABI);
  printf("libponita %s\n", ponita_version());

  CHECK(ponita_model_open(argv[1], &model));
  START(info);
  CHECK(ponita_model_describe(model, &info));
  printf("model %s: cutoff %g Å, %d layers, %d orientations, %d channels\n", info.hash, info.cutoff, info.layers,
         info.orientations, info.channels);
  for (i = 0; i < info.species; i++) {
    START(species);
    CHECK(ponita_model_species(model, i, &species));
    printf("  %s: atomic number %d, %g amu, %g eV alone\n", species.symbol, species.number, species.mass,
           species.reference_energy);
  }

  START(options);
  options.precision = 64;
  options.threads = 2;
  CHECK(ponita_calculator_new(model, &options, &calculator));
  CHECK(ponita_model_close(model)); /* the calculator keeps what it needs */

  START(result);
  result.forces = forces;
  result.energies = energies;
  result.virials = virials;
  CHECK(ponita_compute(calculator, &structure, &result));
  printf("energy %.9f eV, force on the first atom %.6f %.6f %.6f eV/Å, stress xx %.6f eV/Å^3\n", result.energy,
         forces[0], forces[1], forces[2], -result.virial[0] / volume);

  for (i = 0; i < ATOMS; i++) sum += energies[i];
  WANT(fabs(sum - result.energy) < 1e-9);
  for (k = 0; k < 6; k++) {
    sum = 0;
    for (i = 0; i < ATOMS; i++) sum += virials[6 * i + k];
    WANT(fabs(sum - result.virial[k]) < 1e-9);
  }
  for (k = 0; k < 3; k++) {
    sum = 0;
    for (i = 0; i < ATOMS; i++) sum += forces[3 * i + k];
    WANT(fabs(sum) < 1e-9);
  }

  /* The same calculator takes any other structure: a cluster, one atom, none. */
  structure = water_structure(0);
  structure.cell = NULL;
  CHECK(ponita_compute(calculator, &structure, &result));
  structure.atoms = 1;
  CHECK(ponita_compute(calculator, &structure, &result));
  WANT(ponita_model_open(argv[1], &model) == PONITA_OK);
  START(species);
  CHECK(ponita_model_species(model, 1, &species)); /* oxygen, the first atom */
  WANT(fabs(result.energy - species.reference_energy) < 1e-12);
  structure.atoms = 0;
  structure.numbers = NULL;
  structure.positions = NULL;
  CHECK(ponita_compute(calculator, &structure, &result));
  WANT(result.energy == 0);

  CHECK(ponita_calculator_free(calculator));
  CHECK(ponita_model_close(model));
  return 0;
}
