// What a thread's last failure was, filled in by Go.

#ifndef PONITA_FAILURE_H
#define PONITA_FAILURE_H

#include "ponita.h"

typedef struct {
  char text[1024];
  int64_t atoms[2];
} failure;

#endif
