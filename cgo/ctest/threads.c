/* Handles in several threads: each its own, and one for all, which is refused
   while another thread has it. */

#include <pthread.h>

#include "example.h"

static ponita_model model;
static ponita_calculator common;
static double energy;

static void *work(void *refused) {
  ponita_calculator own;
  ponita_structure structure = water_structure(1);
  ponita_result result;
  int k, status;
  CHECK(ponita_calculator_new(model, NULL, &own));
  for (k = 0; k < 50; k++) {
    START(result);
    CHECK(ponita_compute(own, &structure, &result));
    WANT(result.energy == energy);
    status = ponita_compute(common, &structure, &result);
    if (status == PONITA_EHANDLE) {
      WANT(strstr(ponita_last_error(), "another thread") != NULL); /* each has its own text */
      ++*(int *)refused;
    } else {
      CHECK(status);
      WANT(result.energy == energy);
    }
  }
  CHECK(ponita_calculator_free(own));
  return NULL;
}

int main(int argc, char **argv) {
  pthread_t threads[4];
  int refused[4] = {0, 0, 0, 0}, k;
  ponita_structure structure = water_structure(1);
  ponita_result result;
  WANT(argc == 2);
  CHECK(ponita_model_open(argv[1], &model));
  CHECK(ponita_calculator_new(model, NULL, &common));
  START(result);
  CHECK(ponita_compute(common, &structure, &result));
  energy = result.energy;
  for (k = 0; k < 4; k++) WANT(pthread_create(&threads[k], NULL, work, &refused[k]) == 0);
  for (k = 0; k < 4; k++) pthread_join(threads[k], NULL);
  printf("refused %d of 200\n", refused[0] + refused[1] + refused[2] + refused[3]);
  WANT(strcmp(ponita_last_error(), "") == 0); /* nothing has failed in this thread */
  return 0;
}
