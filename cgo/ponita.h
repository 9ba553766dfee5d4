/* ponita.h: energies, forces and virials of a PONITA model, for C and C++.

   Units are Å, eV, eV/Å and amu. The virial is W = -dE/d(strain) in eV, in the
   order xx yy zz xy xz yz; the stress is -W/V, positive in tension. Atoms and
   rows are counted from 0 in arguments and from 1 in the text of errors.

   Every function that can fail returns a status, PONITA_OK or one of the
   numbers below, and leaves a text for ponita_last_error. Nothing is printed,
   no signal handler of the host's is replaced after loading, and the floating-
   point environment of the host is as it was when a function returns: traps
   are off inside.

   All memory is the caller's. The library keeps no pointer after a function has
   returned. Each struct begins with its size, sizeof the struct as the caller
   was compiled, so that later versions can add fields at the end; of fields that
   the library is too old to know it accepts only zeros. Clear a struct before
   filling it in.

   Handles may be used by any thread, but each by one thread at a time; different
   handles at the same time. A process that was forked from one that had loaded
   the library gets PONITA_EFORK from every function: load it after the fork, or
   start processes anew (Python: the "spawn" method).

   Whole systems:  ponita_model_open, ponita_calculator_new, ponita_compute.
   Systems shared among processes:  ponita_domain_new, ponita_domain_neighbors,
   ponita_domain_begin and the stages after it. */

#ifndef PONITA_H
#define PONITA_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* PONITA_ABI grows when a function or struct changes in a way that programs
   notice; ponita_abi returns that of the library. Compare them. */
#define PONITA_ABI 4

/* Status. */
enum {
  PONITA_OK = 0,
  PONITA_EARGUMENT = 1,    /* a null pointer, a size, a count, a wrong order */
  PONITA_EHANDLE = 2,      /* not a handle, closed, or in use by another thread */
  PONITA_EFILE = 3,        /* cannot be read, or is not a model */
  PONITA_EELEMENT = 4,     /* an element that the model does not know */
  PONITA_ESTRUCTURE = 5,   /* not finite, atoms at the same place, no real cell */
  PONITA_ERESULT = 6,      /* an energy or a force that is not finite */
  PONITA_EUNSUPPORTED = 7, /* not for this model */
  PONITA_EFORK = 8,        /* the process was forked after loading */
  PONITA_EINTERNAL = 9     /* a bug in the library; the handle is of no more use */
};

/* Opaque handles; 0 is none. */
typedef struct ponita_model_handle *ponita_model;
typedef struct ponita_calculator_handle *ponita_calculator;
typedef struct ponita_domain_handle *ponita_domain;

/* ---- the library ---- */

/* The version of the interface, PONITA_ABI of the library. */
int ponita_abi(void);

/* The version of the library as text. */
const char *ponita_version(void);

/* The text of the last failure in this thread, "" if there was none. It is valid
   until the next function fails in this thread. */
const char *ponita_last_error(void);

/* The atoms or rows that the last failure in this thread is about, -1 for none.
   They are what the text calls atoms 1, 2, … less one. */
void ponita_last_error_atoms(int64_t atoms[2]);

/* ---- models ---- */

typedef struct {
  size_t size;
  double cutoff;           /* Å */
  int32_t species;         /* number of elements */
  int32_t layers;          /* T */
  int32_t orientations;    /* N */
  int32_t channels;        /* C */
  int32_t staged;          /* 1 if ponita_domain_new takes the model, else 0 */
  int32_t reserved;        /* 0 */
  char hash[40];           /* of the model file, hexadecimal */
  char trained_by[64];     /* version of the program that trained it */
  char created[32];        /* date and time, RFC 3339, or "" */
} ponita_model_info;

typedef struct {
  size_t size;
  int32_t number;          /* atomic number */
  char symbol[4];
  double mass;             /* amu, standard atomic weight */
  double reference_energy; /* eV, of the isolated atom */
} ponita_species_info;

/* Reads a model file. */
int ponita_model_open(const char *path, ponita_model *model);

/* Reads a model from the bytes of a model file, as when one process has read it
   and sent it to the others. */
int ponita_model_open_bytes(const void *bytes, size_t count, ponita_model *model);

/* Gives the handle back. Calculators and domains of the model stay usable. */
int ponita_model_close(ponita_model model);

int ponita_model_describe(ponita_model model, ponita_model_info *info);

/* The element with the number index, from 0 to species-1. */
int ponita_model_species(ponita_model model, int32_t index, ponita_species_info *info);

/* ---- whole systems ---- */

typedef struct {
  size_t size;
  int32_t precision; /* bits of the network's arithmetic, 32 or 64; 0 means 32.
                        Positions, energies and sums have 64 in both. */
  int32_t threads;   /* cores an evaluation uses; 0 means 1. Results do not
                        depend on it, to the last bit. */
  double skin;       /* Å, calculators only: by how much neighbour lists reach
                        beyond the cutoff, which says how often they are built;
                        0 means 0.5 */
} ponita_options;

typedef struct {
  size_t size;
  int64_t atoms;           /* n */
  const int32_t *numbers;  /* [n] atomic numbers */
  const double *positions; /* [n][3] Å; need not be inside the cell */
  const double *cell;      /* [3][3] rows a, b, c, Å; may be NULL without periodicity */
  int32_t periodic[3];     /* 1 or 0, along a, b and c */
  int32_t reserved;        /* 0 */
} ponita_structure;

typedef struct {
  size_t size;
  double energy;     /* out, eV */
  double virial[6];  /* out, eV: xx yy zz xy xz yz */
  double *forces;    /* [n][3] eV/Å, or NULL */
  double *energies;  /* [n] eV, of the atoms; or NULL. Their sum is energy. */
  double *virials;   /* [n][6] eV, of the atoms; or NULL. A bond's virial is
                        shared equally by its atoms. Their sum is virial.
                        n is the number of atoms; of a domain, own for energies
                        and own+ghosts for forces and virials. */
} ponita_result;

/* A calculator keeps neighbour lists and working memory between calls. options
   may be NULL. */
int ponita_calculator_new(ponita_model model, const ponita_options *options, ponita_calculator *calculator);
int ponita_calculator_free(ponita_calculator calculator);

/* Computes any structure; it is fastest when atoms have moved little since the
   last call and number, elements and periodicity are the same. */
int ponita_compute(ponita_calculator calculator, const ponita_structure *structure, ponita_result *result);

/* ---- systems shared among processes ----

   A domain is one process's part of a system: atoms of its own in rows 0 to own-1
   and, behind them, ghosts: copies of atoms within the cutoff, of other processes
   or periodic images. The program brings the rows of ghosts up to date between
   the stages:

     ponita_domain_neighbors                    when the lists change
     ponita_domain_begin                        positions and elements
     for (t = 0; t < layers; t++) {
       ponita_domain_forward(domain, t);
       copy rows of atoms to their ghosts, unless there is but one layer
     }
     for (t = layers-1; t >= 0; t--) {
       ponita_domain_backward(domain, t);
       copy rows of atoms to their ghosts, if t is 2 or more
     }
     ponita_domain_finish
     add the forces on ghosts to those on their atoms

   The energies of a domain's own atoms depend on the positions of its ghosts, and
   finish returns the forces of that. All processes must take part in the exchange,
   also those without atoms. */

typedef struct {
  size_t size;
  int64_t own;              /* atoms whose energy and forces are wanted */
  int64_t ghosts;
  const int64_t *start;     /* [own+1] the candidates of row i are those from
                               start[i] to start[i+1]-1 */
  const int32_t *neighbors; /* [start[own]] rows; may be farther than the cutoff.
                               Of two own atoms both must have the other, as often
                               as it is there; no row is its own neighbour. */
  const int32_t *images;    /* [ghosts] the row before it that a ghost is a periodic
                               image of, of an own atom or of another ghost, or
                               -1; or NULL. Images need no exchange and make the
                               evaluation cheaper. */
  const int64_t *ids;       /* [own+ghosts] a number that an atom and all of its
                               ghosts have in all processes, and no other atom; or
                               NULL, in all processes or in none. With them a bond
                               between two processes is computed by one of them,
                               but for the first layer, not by both. */
} ponita_neighbors;

typedef struct {
  size_t size;
  const double *positions; /* [own+ghosts][3] Å */
  const int32_t *numbers;  /* [own+ghosts] atomic numbers */
} ponita_atoms;

typedef struct {
  size_t size;
  int32_t layers;          /* T */
  int32_t precision;       /* 32 or 64 */
  int32_t threads;
  int32_t reserved;        /* 0 */
  int64_t row_bytes;       /* of one row in the exchange that is due; if none is, the most it can be */
  int64_t edges;           /* pairs closer than the cutoff since the last begin */
  int64_t memory;          /* bytes held for atoms, ghosts and edges, about */
  char kernel[16];         /* the kernels in use, such as "avx2" */
  /* Of the pairs since the last begin, the one deepest inside the short-range
     repulsion: distance over limit is smallest. Below limit, about half of the
     shortest distance in the training data, the network has learned nothing. */
  int64_t closest[2];      /* rows; -1 if there is no pair or no repulsion */
  double closest_distance; /* Å */
  double closest_limit;    /* Å */
  int64_t ghost_bytes;     /* what the exchanges of one evaluation bring to a ghost */
} ponita_domain_info;

/* options may be NULL. PONITA_EUNSUPPORTED if the model is not staged. */
int ponita_domain_new(ponita_model model, const ponita_options *options, ponita_domain *domain);
int ponita_domain_free(ponita_domain domain);
int ponita_domain_describe(ponita_domain domain, ponita_domain_info *info);

int ponita_domain_neighbors(ponita_domain domain, const ponita_neighbors *neighbors);
int ponita_domain_begin(ponita_domain domain, const ponita_atoms *atoms);
int ponita_domain_forward(ponita_domain domain, int32_t layer);
int ponita_domain_backward(ponita_domain domain, int32_t layer);

/* Copies the rows listed, own or ghosts, to buffer: [count][row_bytes]. A row of
   -1 is left out and its place in the buffer filled with zeros. Between begin and
   finish there is something to copy after every stage but the last two. */
int ponita_domain_get_rows(ponita_domain domain, int64_t count, const int32_t *rows, void *buffer);

/* Copies buffer, [count][row_bytes], to the ghosts listed, and with them to their
   images. What is no ghost, an image of an own atom or -1, is passed over. */
int ponita_domain_set_rows(ponita_domain domain, int64_t count, const int32_t *rows, const void *buffer);

/* Ends an evaluation: energies of the domain's own atoms, forces and virials of all
   its rows, and the sums of energies and virials. What a ghost has is to be added
   to its atom; images of rows have zeros, for those rows have it already. Sums over
   all domains are the energy and virial of the system. */
int ponita_domain_finish(ponita_domain domain, ponita_result *result);

#ifdef __cplusplus
}
#endif

#endif
