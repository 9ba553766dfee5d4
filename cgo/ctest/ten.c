/* The ten lines of the README. */

#include <stdio.h>
#include <stdlib.h>

#include "ponita.h"

static double forces[9], box[9] = {9, 0, 0, 0, 9, 0, 0, 0, 9};
static double positions[9] = {0, 0, 0, 0.96, 0, 0, -0.24, 0.93, 0};
static int32_t numbers[3] = {8, 1, 1};

static void die(void) {
  fprintf(stderr, "%s\n", ponita_last_error());
  exit(1);
}

int main(int argc, char **argv) {
  const char *path = argc > 1 ? argv[1] : "model.h5";
  /* README */
  ponita_model model;
  ponita_calculator calculator;
  ponita_structure s = {sizeof s, 3, numbers, positions, box, {1, 1, 1}, 0};
  ponita_result r = {sizeof r, 0, {0}, forces, NULL, NULL};
  if (ponita_model_open(path, &model)) die();
  if (ponita_calculator_new(model, NULL, &calculator)) die();
  if (ponita_compute(calculator, &s, &r)) die();
  printf("%.6f eV, %.6f eV/Å along x on the first atom\n", r.energy, forces[0]);
  ponita_calculator_free(calculator);
  ponita_model_close(model);
  /* README */
  return 0;
}
