/* example.h: what the programs of this folder share. They are C99 and C++. */

#ifndef EXAMPLE_H
#define EXAMPLE_H

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ponita.h"

/* CHECK ends the program if a call fails. */
#define CHECK(call)                                                                                          \
  do {                                                                                                       \
    int status_ = (call);                                                                                    \
    if (status_ != PONITA_OK) {                                                                              \
      fprintf(stderr, "%s:%d: status %d: %s\n", __FILE__, __LINE__, status_, ponita_last_error());           \
      exit(1);                                                                                               \
    }                                                                                                        \
  } while (0)

/* WANT ends the program if something is not as it must be. */
#define WANT(condition)                                                                                      \
  do {                                                                                                       \
    if (!(condition)) {                                                                                      \
      fprintf(stderr, "%s:%d: %s (last error: %s)\n", __FILE__, __LINE__, #condition, ponita_last_error());  \
      exit(1);                                                                                               \
    }                                                                                                        \
  } while (0)

/* START clears a struct and sets its size. */
#define START(s) (memset(&(s), 0, sizeof(s)), (s).size = sizeof(s))

/* Three water molecules in a box of 5 Å. */
enum { ATOMS = 9 };
static const int32_t water_numbers[ATOMS] = {8, 1, 1, 8, 1, 1, 8, 1, 1};
static const double water[3 * ATOMS] = {0.0, 0.0, 0.0, 0.96, 0.0, 0.0, -0.24, 0.93, 0.0, 2.6, 0.3, 0.4, 3.1, 1.1, 0.5,
                                        3.2, -0.4, 0.7, 0.8, 2.5, 2.2, 1.5, 3.1, 2.4, 0.1, 2.9, 2.7};
static const double box[9] = {5.0, 0.0, 0.0, 0.4, 5.1, 0.0, -0.3, 0.2, 5.2};

static inline ponita_structure water_structure(int periodic) {
  ponita_structure s;
  START(s);
  s.atoms = ATOMS;
  s.numbers = water_numbers;
  s.positions = water;
  s.cell = box;
  s.periodic[0] = s.periodic[1] = s.periodic[2] = periodic;
  return s;
}

#endif
