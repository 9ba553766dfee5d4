/* Every function with arguments that are wrong in any way that does not break the
   one promise a caller must keep: that memory is as large as is said. The library
   answers with a status, never with PONITA_EINTERNAL, and goes on working.
   Arguments: model, seed, number of calls. */

#include "example.h"

enum { HANDLES = 6, MOST = 12, LIST = 64 };

static uint64_t state;

static uint64_t draw(uint64_t n) { /* 0 to n-1 */
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (state >> 11) % n;
}

static int one_in(uint64_t n) { return draw(n) == 0; }

static double odd(void) {
  static const double values[] = {NAN, INFINITY, -INFINITY, 1e308, -1e308, 5e-324, 0.0, -0.0, 1e30, 1e5};
  return values[draw(sizeof values / sizeof *values)];
}

static int64_t odd_count(int64_t most) {
  static const int64_t values[] = {-1, INT64_MIN, INT64_MAX, 1LL << 31, 1LL << 40, 0};
  return one_in(2) ? values[draw(6)] : (int64_t)draw((uint64_t)most + 1);
}

static int32_t odd_int(void) {
  static const int32_t values[] = {-1, INT32_MIN, INT32_MAX, 0, 1, 2, 119, 1024, 65};
  return values[draw(9)];
}

static size_t odd_size(size_t right) {
  switch (draw(5)) {
    case 0: return 0;
    case 1: return right - 1 - draw(right);
    case 2: return right + 1 + draw(8); /* the struct has 16 more bytes */
    case 3: return SIZE_MAX - draw(16);
    default: return draw(100000);
  }
}

/* A struct with room behind it, which is zero or not. */
#define PADDED(type)       \
  struct {                 \
    type s;                \
    unsigned char more[16]; \
  }
#define BEGIN(p)                                                     \
  do {                                                               \
    memset(&(p), 0, sizeof(p));                                      \
    (p).s.size = one_in(12) ? odd_size(sizeof((p).s)) : sizeof((p).s); \
    if (one_in(12)) (p).more[draw(16)] = (unsigned char)draw(256);   \
  } while (0)
#define MAYBE(pointer) (one_in(15) ? NULL : (pointer))

static ponita_model models[HANDLES];
static ponita_calculator calculators[HANDLES];
static ponita_domain domains[HANDLES];

#define HANDLE(type, table) (one_in(30) ? (type)(uintptr_t)draw(200) : table[draw(HANDLES)])

static long counts[10];

static void answer(int status) {
  if (status < 0 || status > 9 || status == PONITA_EINTERNAL || status == PONITA_EFORK) {
    fprintf(stderr, "status %d: %s\n", status, ponita_last_error());
    exit(1);
  }
  WANT(status == PONITA_OK || strlen(ponita_last_error()) > 0);
  counts[status]++;
}

static double positions[3 * MOST], cell[9];
static int32_t numbers[MOST], list[LIST];
static int64_t starts[MOST + 1];

static void scatter(void) {
  int i;
  for (i = 0; i < 3 * MOST; i++) positions[i] = 0.01 * (double)draw(600);
  if (one_in(10)) positions[draw(3 * MOST)] = odd();
  for (i = 0; i < MOST; i++) numbers[i] = one_in(2) ? 1 : 8;
  if (one_in(20)) numbers[draw(MOST)] = odd_int();
  for (i = 0; i < 9; i++) cell[i] = 0;
  cell[0] = 4 + (double)draw(5);
  cell[4] = 4 + (double)draw(5);
  cell[8] = 4 + (double)draw(5);
  if (one_in(10)) cell[draw(9)] = odd();
}

static void calculate(void) {
  PADDED(ponita_structure) s;
  PADDED(ponita_result) r;
  double forces[3 * MOST], energies[MOST], virials[6 * MOST];
  int status;
  BEGIN(s);
  BEGIN(r);
  scatter();
  s.s.atoms = one_in(15) ? odd_count(MOST) : MOST - (int64_t)draw(3);
  s.s.numbers = MAYBE(numbers);
  s.s.positions = MAYBE(positions);
  s.s.cell = MAYBE(cell);
  s.s.periodic[0] = s.s.periodic[1] = s.s.periodic[2] = (int32_t)draw(2);
  if (one_in(15)) s.s.periodic[draw(3)] = odd_int();
  r.s.forces = one_in(2) ? forces : NULL;
  r.s.energies = one_in(2) ? energies : NULL;
  r.s.virials = one_in(2) ? virials : NULL;
  status = ponita_compute(HANDLE(ponita_calculator, calculators), one_in(40) ? NULL : &s.s, one_in(40) ? NULL : &r.s);
  answer(status);
  if (status == PONITA_OK) WANT(isfinite(r.s.energy) && isfinite(r.s.virial[0]));
}

/* A domain whose lists are right more often than not, gone through in an order
   that is. */
static void stages(void) {
  PADDED(ponita_neighbors) g;
  PADDED(ponita_atoms) a;
  PADDED(ponita_result) r;
  PADDED(ponita_domain_info) info;
  double forces[3 * MOST];
  char *buffer;
  int32_t rows[4], images[MOST];
  int64_t ids[MOST];
  ponita_domain d = HANDLE(ponita_domain, domains);
  int own = (int)draw(4), ghosts = (int)draw(3), i, j, t, n = 0, steps = 1 + (int)draw(12);
  BEGIN(g);
  BEGIN(a);
  BEGIN(r);
  BEGIN(info);
  scatter();
  starts[0] = 0;
  for (i = 0; i < own; i++) {
    for (j = 0; j < own + ghosts; j++)
      if (j != i) list[n++] = j;
    starts[i + 1] = n;
  }
  if (one_in(8) && n > 0) list[draw((uint64_t)n)] = one_in(2) ? (int32_t)draw(8) - 1 : odd_int();
  if (one_in(10)) starts[draw((uint64_t)own + 1)] = odd_count(LIST);
  g.s.own = one_in(20) ? odd_count(own) : own;
  g.s.ghosts = one_in(20) ? odd_count(MOST - own) : ghosts;
  g.s.start = MAYBE(starts);
  g.s.neighbors = MAYBE(list);
  for (i = 0; i < MOST; i++) images[i] = one_in(10) ? odd_int() : (int32_t)draw((uint64_t)own + 1) - 1;
  g.s.images = one_in(2) ? images : NULL;
  for (i = 0; i < MOST; i++) ids[i] = one_in(10) ? odd_count(MOST) : i;
  g.s.ids = one_in(2) ? ids : NULL;
  answer(ponita_domain_neighbors(d, one_in(40) ? NULL : &g.s));
  a.s.positions = MAYBE(positions);
  a.s.numbers = MAYBE(numbers);
  answer(ponita_domain_begin(d, one_in(40) ? NULL : &a.s));
  answer(ponita_domain_describe(d, one_in(40) ? NULL : &info.s));
  r.s.forces = MAYBE(forces);
  /* With float64 and 32 channels on 12 orientations a row would have 3 kB. */
  buffer = (char *)calloc(4, 4096);
  for (t = 0; t < steps; t++) {
    for (i = 0; i < 4; i++) rows[i] = one_in(10) ? odd_int() : (int32_t)draw((uint64_t)(own + ghosts) + 1) - 1;
    if (one_in(2)) answer(ponita_domain_get_rows(d, one_in(10) ? -(int64_t)draw(9) : (int64_t)draw(5), MAYBE(rows), MAYBE(buffer)));
    for (i = 0; one_in(20) && i < 100; i++) buffer[draw(4 * 4096)] = (char)draw(256);
    if (one_in(2)) answer(ponita_domain_set_rows(d, (int64_t)draw(5), MAYBE(rows), MAYBE(buffer)));
    if (t < 2) answer(ponita_domain_forward(d, one_in(10) ? odd_int() : t));
    if (t >= 2 && t < 4) answer(ponita_domain_backward(d, one_in(10) ? odd_int() : 3 - t));
    if (t >= 4) answer(ponita_domain_finish(d, one_in(40) ? NULL : &r.s));
  }
  free(buffer);
}

static void handles(const char *path) {
  PADDED(ponita_model_info) info;
  PADDED(ponita_species_info) species;
  PADDED(ponita_options) o;
  size_t k = (size_t)draw(HANDLES);
  char bytes[600];
  unsigned i;
  BEGIN(info);
  BEGIN(species);
  BEGIN(o);
  if (one_in(6)) o.s.precision = odd_int();
  if (one_in(6)) o.s.threads = odd_int() % 8;
  if (one_in(6)) o.s.skin = odd();
  switch (draw(9)) {
    case 0: answer(ponita_model_open(one_in(5) ? "/dev/null" : MAYBE(path), one_in(20) ? NULL : &models[k])); break;
    case 1:
      for (i = 0; i < sizeof bytes; i++) bytes[i] = (char)draw(256);
      if (one_in(2)) memcpy(bytes, "PONITA\r\n\1\0\0\0\4\0\0\0", 16);
      answer(ponita_model_open_bytes(MAYBE(bytes), one_in(10) ? SIZE_MAX : draw(sizeof bytes + 1), &models[k]));
      break;
    case 2: if (one_in(4)) answer(ponita_model_close(HANDLE(ponita_model, models))); break;
    case 3: answer(ponita_model_describe(HANDLE(ponita_model, models), MAYBE(&info.s))); break;
    case 4: answer(ponita_model_species(HANDLE(ponita_model, models), odd_int(), MAYBE(&species.s))); break;
    case 5: answer(ponita_calculator_new(HANDLE(ponita_model, models), MAYBE(&o.s), one_in(20) ? NULL : &calculators[k])); break;
    case 6: answer(ponita_domain_new(HANDLE(ponita_model, models), MAYBE(&o.s), one_in(20) ? NULL : &domains[k])); break;
    case 7: if (one_in(4)) answer(ponita_calculator_free(HANDLE(ponita_calculator, calculators))); break;
    default: if (one_in(4)) answer(ponita_domain_free(HANDLE(ponita_domain, domains))); break;
  }
}

int main(int argc, char **argv) {
  long calls, k;
  ponita_last_error_atoms(NULL);
  WANT(argc == 4);
  state = strtoull(argv[2], NULL, 10) * 2654435761u + 88172645463325252u;
  calls = atol(argv[3]);
  printf("seed %s\n", argv[2]);
  for (k = 0; k < HANDLES; k++) {
    CHECK(ponita_model_open(argv[1], &models[k]));
    CHECK(ponita_calculator_new(models[k], NULL, &calculators[k]));
    CHECK(ponita_domain_new(models[k], NULL, &domains[k]));
  }
  for (k = 0; k < calls; k++) {
    if (one_in(3)) handles(argv[1]);
    if (one_in(2)) calculate();
    else stages();
  }
  printf("ok %ld, argument %ld, handle %ld, file %ld, element %ld, structure %ld, result %ld\n", counts[0], counts[1],
         counts[2], counts[3], counts[4], counts[5], counts[6]);
  WANT(counts[0] > calls / 10 && counts[1] > 0 && counts[2] > 0 && counts[3] > 0 && counts[4] > 0 && counts[5] > 0);
  return 0;
}
