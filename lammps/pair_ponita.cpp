// pair_style ponita. No physics in here: rows of features go from atoms to
// ghosts between the stages of ponita.h, units are converted, types become
// elements.
//
// To work with any MPI and LAMMPS of one version it calls no MPI function, does
// not touch LAMMPS::world or what lies behind it, and gives error and log texts as
// std::string, which avoids the templates with LAMMPS' private formatting.

#include "pair_ponita.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "atom.h"
#include "comm.h"
#include "error.h"
#include "force.h"
#include "memory.h"
#include "neigh_list.h"
#include "neigh_request.h"
#include "neighbor.h"
#include "timer.h"
#include "universe.h"
#include "update.h"
#include "utils.h"

using namespace LAMMPS_NS;

namespace {

// LAMMPS renamed these on 24 March 2022. Which one there is, the compiler finds.

template <class C> auto forward(C *comm, Pair *pair, int) -> decltype(comm->forward_comm_pair(pair)) {
  comm->forward_comm_pair(pair);
}
template <class C> auto forward(C *comm, Pair *pair, long) -> decltype(comm->forward_comm(pair)) {
  comm->forward_comm(pair);
}

template <class C> auto reverse(C *comm, Pair *pair, int) -> decltype(comm->reverse_comm_pair(pair)) {
  comm->reverse_comm_pair(pair);
}
template <class C> auto reverse(C *comm, Pair *pair, long) -> decltype(comm->reverse_comm(pair)) {
  comm->reverse_comm(pair);
}

// Communication counts what passes in its life as communication, not as work of the pair
// style: the table at the end of a run and `fix balance … weight time` want to know how
// long a rank computes, not how long it waits for others.
class Communication {
 public:
  explicit Communication(Timer *t) : timer(t) { timer->stamp(Timer::PAIR); }
  ~Communication() { timer->stamp(Timer::COMM); }

 private:
  Timer *timer;
};

template <class N> auto request_full(N *neighbor, Pair *pair, int, int) -> decltype(neighbor->add_request(pair, 1), void()) {
  neighbor->add_request(pair, 1);  // NeighConst::REQ_FULL
}
template <class N> auto request_full(N *neighbor, Pair *pair, int instance, long)
    -> decltype(neighbor->request(pair, instance), void()) {
  int k = neighbor->request(pair, instance);
  neighbor->requests[k]->half = 0;
  neighbor->requests[k]->full = 1;
}

template <class S> void begin(S &s) {
  memset(&s, 0, sizeof s);
  s.size = sizeof s;
}

std::string text(const char *format, double a, double b = 0.0) {
  char buffer[200];
  snprintf(buffer, sizeof buffer, format, a, b);
  return buffer;
}

// Statistics over all atoms of all ranks, gathered by passing them around.
struct Statistics {
  double most, least, sum, atoms;
  double virial[64][6];  // eV, of each member
};

void add(int, char *buffer, void *total) {
  auto *s = static_cast<Statistics *>(total);
  Statistics from;
  memcpy(&from, buffer, sizeof from);
  s->most = std::max(s->most, from.most);
  s->least = std::min(s->least, from.least);
  s->sum += from.sum;
  s->atoms += from.atoms;
  for (int m = 0; m < 64; m++)
    for (int k = 0; k < 6; k++) s->virial[m][k] += from.virial[m][k];
}

void count(int, char *buffer, void *total) {
  int from;
  memcpy(&from, buffer, sizeof from);
  *static_cast<int *>(total) += from;
}

}  // namespace

PairPonita::PairPonita(LAMMPS *lmp) : Pair(lmp) {
  single_enable = 0;
  restartinfo = 0;
  one_coeff = 1;
  manybody_flag = 1;
  // The virial is a sum over bonds, right for every setting of newton.
  no_virial_fdotr_compute = 1;
  // A message passes several bonds, so the virial of bonds is not the heat flux.
  centroidstressflag = CENTROID_NOTAVAIL;
  // force and virial of a ghost, with newton on and off
  comm_reverse = comm_reverse_off = 9;
  // compute pair: max, min, avg of the virials' and of the forces' deviation
  nextra = 6;
  pvector = new double[nextra];
  std::fill(pvector, pvector + nextra, 0.0);
}

PairPonita::~PairPonita() {
  close();
  if (allocated) {
    memory->destroy(setflag);
    memory->destroy(cutsq);
  }
  delete[] pvector;
  if (out) fclose(out);
}

void PairPonita::close() {
  for (auto &m : members) {
    if (m.domain) ponita_domain_free(m.domain);
    if (m.model) ponita_model_close(m.model);
  }
  members.clear();
}

void PairPonita::fail(const std::string &what) { error->one(FLERR, std::string("Pair ponita: ") + what); }

// complain stops if there is a complaint, about what may differ between nodes: files and
// the environment. error->all would wait for ranks that have none. All ranks call it.
void PairPonita::complain(const std::string &why) {
  int mine = !why.empty(), ranks = 0;
  comm->ring(1, sizeof mine, &mine, 1, count, nullptr, &ranks);
  if (mine && ranks == comm->nprocs) error->all(FLERR, "Pair ponita: " + why);
  if (mine) fail(why);
}

// IDs of the atoms in rows, such as "17 and 4".
std::string PairPonita::ids(const int64_t *row) const {
  std::string s;
  for (int k = 0; k < 2; k++) {
    if (row[k] < 0 || row[k] >= static_cast<int64_t>(atom_of.size())) continue;
    if (!s.empty()) s += " and ";
    s += std::to_string(atom->tag[atom_of[row[k]]]);
  }
  return s;
}

void PairPonita::check(int status) {
  if (status == PONITA_OK) return;
  int64_t rows_at_fault[2];
  ponita_last_error_atoms(rows_at_fault);
  const std::string who = ids(rows_at_fault);
  const std::string when = " (step " + std::to_string(update->ntimestep) + ", rank " + std::to_string(comm->me) + ")";
  if (who.empty()) fail(ponita_last_error());
  if (status == PONITA_ESTRUCTURE && rows_at_fault[1] >= 0)
    fail("atoms with IDs " + who + " are at the same place" + when);
  if (status == PONITA_ESTRUCTURE) fail("the position of the atom with ID " + who + " is not finite" + when);
  if (status == PONITA_ERESULT)
    fail("the energy or force of the atom with ID " + who + " is not finite" + when + ": atoms too close, or a model far outside its training data");
  fail("atom with ID " + who + when + ": " + ponita_last_error());
}

// ---- input ----

void PairPonita::settings(int narg, char **arg) {
  int at = 0;
  const auto value = [&](const char *key) -> std::string {
    if (at + 1 >= narg) error->all(FLERR, std::string("Pair ponita: ") + key + " wants a value");
    return arg[++at];
  };
  const auto whole = [&](const char *key, long least) -> long {
    const std::string v = value(key);
    char *end;
    const long n = strtol(v.c_str(), &end, 10);
    if (v.empty() || *end || n < least || n > 1000000000)
      error->all(FLERR, std::string("Pair ponita: ") + key + " " + v + ", want a whole number, at least " + std::to_string(least));
    return n;
  };
  const auto yes = [&](const char *key) {
    const std::string v = value(key);
    if (v != "yes" && v != "no") error->all(FLERR, std::string("Pair ponita: ") + key + " " + v + ", want yes or no");
    return v == "yes";
  };
  static const char *keys[] = {"precision", "threads", "e0", "committee", "out_freq", "out_file", "stop_devi", "rmin_check", "check"};
  const auto is_key = [&](const char *s) {
    return std::any_of(std::begin(keys), std::end(keys), [s](const char *k) { return !strcmp(k, s); });
  };
  // A second pair_style begins anew, with pair_coeff to come.
  precision = 32;
  threads = 0;
  isolated = true;
  committee.clear();
  out_freq = 100;
  out_file = "model_devi.out";
  if (out) fclose(out);
  out = nullptr;
  stop_devi = 0.0;
  rmin_check = STOP;
  checks = true;
  if (allocated)
    for (int i = 1; i <= atom->ntypes; i++) std::fill(setflag[i] + 1, setflag[i] + atom->ntypes + 1, 0);
  for (; at < narg; at++) {
    const std::string key = arg[at];
    if (key == "precision") {
      const std::string v = value("precision");
      if (v == "double") precision = 64;
      else if (v == "mixed") precision = 32;
      else error->all(FLERR, "Pair ponita: precision " + v + ", want double or mixed");
    } else if (key == "threads") {
      threads = static_cast<int>(whole("threads", 1));
    } else if (key == "e0") {
      isolated = yes("e0");
    } else if (key == "committee") {
      while (at + 1 < narg && !is_key(arg[at + 1])) committee.emplace_back(arg[++at]);
      if (committee.empty() || committee.size() > 63) error->all(FLERR, std::string("Pair ponita: committee wants 1 to 63 further models"));
    } else if (key == "out_freq") {
      out_freq = static_cast<int>(whole("out_freq", 0));
    } else if (key == "out_file") {
      out_file = value("out_file");
    } else if (key == "stop_devi") {
      stop_devi = utils::numeric(FLERR, value("stop_devi").c_str(), false, lmp);
      if (!(stop_devi > 0)) error->all(FLERR, std::string("Pair ponita: stop_devi wants a positive deviation of forces"));
    } else if (key == "rmin_check") {
      const std::string v = value("rmin_check");
      if (v == "stop") rmin_check = STOP;
      else if (v == "warn") rmin_check = WARN;
      else if (v == "off") rmin_check = OFF;
      else error->all(FLERR, "Pair ponita: rmin_check " + v + ", want stop, warn or off");
    } else if (key == "check") {
      checks = yes("check");
    } else {
      error->all(FLERR, "Pair ponita: unknown keyword " + key + ", want precision, threads, e0, committee, out_freq, out_file, stop_devi, rmin_check or check; the model belongs to pair_coeff");
    }
  }
  if (stop_devi > 0 && (committee.empty() || out_freq == 0))
    error->all(FLERR, std::string("Pair ponita: stop_devi without a ") + (out_freq == 0 ? "positive out_freq" : "committee") + " would never stop");
  if (threads == 0) {
    const char *env = getenv("PONITA_NUM_THREADS");
    if (!env) env = "1";
    char *end;
    const long n = strtol(env, &end, 10);
    const bool wrong = !*env || *end || n < 1 || n > 1000000;
    complain(wrong ? std::string("PONITA_NUM_THREADS is \"") + env + "\", want a whole number, at least 1" : "");
    threads = static_cast<int>(n);
  }
}

void PairPonita::allocate() {
  allocated = 1;
  const int n = atom->ntypes + 1;
  memory->create(setflag, n, n, "pair:setflag");
  memory->create(cutsq, n, n, "pair:cutsq");
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n; j++) setflag[i][j] = 0;
}

void PairPonita::coeff(int narg, char **arg) {
  const int types = atom->ntypes;
  if (!allocated) allocate();
  if (narg != 3 + types || strcmp(arg[0], "*") != 0 || strcmp(arg[1], "*") != 0)
    error->all(FLERR, "Pair ponita: want pair_coeff * * " + std::string(narg > 2 ? arg[2] : "model.h5") + " and an element or NULL for each of " +
                          std::to_string(types) + " types; after pair_style hybrid: pair_coeff * * ponita model.h5 …");

  const int abi = ponita_abi();
  complain(abi == PONITA_ABI ? "" : "libponita has version " + std::to_string(abi) + " of its interface, the pair style was built for " + std::to_string(PONITA_ABI));
  close();
  last_build = -1;
  members.resize(1 + committee.size());
  comm_forward = 0;
  left_out.assign(types + 1, 0.0);
  std::string map;
  for (size_t k = 0; k < members.size(); k++) {
    Member &m = members[k];
    m.file = k == 0 ? arg[2] : committee[k - 1];
    complain(ponita_model_open(m.file.c_str(), &m.model) == PONITA_OK ? "" : ponita_last_error());
    begin(m.info);
    check(ponita_model_describe(m.model, &m.info));
    ponita_options options;
    begin(options);
    options.precision = precision;
    options.threads = threads;
    complain(ponita_domain_new(m.model, &options, &m.domain) == PONITA_OK ? "" : ponita_last_error());
    ponita_domain_info info;
    begin(info);
    check(ponita_domain_describe(m.domain, &info));
    m.row_bytes = info.row_bytes;
    if (m.row_bytes % sizeof(double)) fail("rows of " + std::to_string(m.row_bytes) + " bytes are not a whole number of doubles");
    comm_forward = std::max<int>(comm_forward, static_cast<int>(m.row_bytes / sizeof(double)));
    cutoff = k == 0 ? m.info.cutoff : std::max(cutoff, m.info.cutoff);

    std::vector<int32_t> found(types + 1, -1);
    std::string known;
    for (int s = 0; s < m.info.species; s++) {
      ponita_species_info species;
      begin(species);
      check(ponita_model_species(m.model, s, &species));
      known += (s ? " " : "") + std::string(species.symbol);
      for (int t = 1; t <= types; t++) {
        if (strcmp(species.symbol, arg[2 + t]) != 0) continue;
        found[t] = species.number;
        if (k == 0 && !isolated) left_out[t] = species.reference_energy;
      }
    }
    std::string missing;
    for (int t = types; t > 0; t--)
      if (found[t] < 0 && strcmp(arg[2 + t], "NULL") != 0)
        missing = "element " + std::string(arg[2 + t]) + " of atom type " + std::to_string(t) + " is not in " + m.file + ", which knows " + known;
    complain(missing);
    if (k == 0) {
      number_of_type = found;
      for (int t = 1; t <= types; t++) map += " " + std::to_string(t) + " = " + arg[2 + t];
      if (comm->me == 0)
        utils::logmesg(lmp, "Pair ponita: libponita " + std::string(ponita_version()) + ", kernels " + info.kernel + ", precision " +
                                (precision == 64 ? "double" : "mixed") + ", threads per rank " + std::to_string(threads) + "\n");
#ifdef CPU_COUNT // of Linux
      cpu_set_t cores;
      if (comm->me == 0 && sched_getaffinity(0, sizeof cores, &cores) == 0 && CPU_COUNT(&cores) < threads)
        error->warning(FLERR, "Pair ponita: " + std::to_string(threads) + " threads, but the rank may use only " +
                                  std::to_string(CPU_COUNT(&cores)) + " of the cores, see --bind-to of mpirun");
#endif
    }
    if (comm->me == 0)
      utils::logmesg(lmp, "  model " + m.file + " (" + m.info.hash + "), cutoff " + text("%g", m.info.cutoff) + " Angstrom, elements " + known +
                              text(", %.0f bytes per ghost and step\n", static_cast<double>(info.ghost_bytes)));
  }
  if (comm->me == 0) utils::logmesg(lmp, std::string("  atom types:") + map + "\n");

  int set = 0;
  for (int i = 1; i <= types; i++)
    for (int j = i; j <= types; j++) {
      setflag[i][j] = number_of_type[i] > 0 && number_of_type[j] > 0;
      set += setflag[i][j];
    }
  if (set == 0) error->all(FLERR, std::string("Pair ponita: all atom types are NULL"));
}

// ---- set-up ----

void PairPonita::init_style() {
  if (!strcmp(update->unit_style, "lj")) error->all(FLERR, std::string("Pair ponita: units lj have no eV and no Angstrom"));
  // 8.617343e-5 is LAMMPS' own Boltzmann constant in eV/K, so that metal is 1.
  energy_unit = force->boltz / 8.617343e-5;
  length_unit = force->angstrom;
  if (comm->me == 0 && strcmp(update->unit_style, "metal") != 0)
    utils::logmesg(lmp, "Pair ponita: units " + std::string(update->unit_style) + text(": 1 eV = %.9g, 1 Angstrom = %.9g\n", energy_unit, length_unit));
  if (!atom->tag_enable) error->all(FLERR, std::string("Pair ponita: atoms have no IDs"));
  // Bonded neighbours with factors of zero are missing in the lists.
  if (checks) {
    complain(bonds_excluded() ? "bonded atoms are excluded from the neighbour lists, say special_bonds lj/coul 1 1 1" : "");
    check_masses();
    if (comm->me == 0 && neighbor->nex_type + neighbor->nex_group + neighbor->nex_mol > 0)
      error->warning(FLERR, "Pair ponita: neigh_modify exclude takes pairs out of the environment of their atoms, and so changes the forces on their neighbours too. "
                            "To hold atoms fixed say fix setforce instead");
  }
  // A hybrid style has asked for this size in its settings, before the model was
  // known, and LAMMPS makes its buffers by what the hybrid style says.
  if (force->pair) force->pair->comm_forward = std::max(force->pair->comm_forward, comm_forward);
  for (auto &m : members) m.stale = true;
  last_build = -1;
  request_full(neighbor, this, instance_me, 0);

  if (members.size() > 1 && out_freq > 0 && comm->me == 0 && !out) {
    // A run from a restart goes on in the same file, below a line of its own; partitions have
    // each their own, as their logs.
    const std::string name = universe->existflag ? out_file + "." + std::to_string(universe->iworld) : out_file;
    out = fopen(name.c_str(), update->ntimestep > 0 ? "a" : "w");
    if (!out) error->one(FLERR, "Pair ponita: cannot write " + name);
    fprintf(out, "#%11s%19s%19s%19s%19s%19s%19s\n", "step", "max_devi_v", "min_devi_v", "avg_devi_v", "max_devi_f", "min_devi_f", "avg_devi_f");
  }
}

// bonds_excluded tells whether an atom of an element has bonds and LAMMPS leaves bonded
// neighbours out. Those of other styles' atoms do not matter.
bool PairPonita::bonds_excluded() {
  if (atom->molecular == 0 || atom->nbonds == 0) return false;
  bool out = false;
  for (int k = 1; k <= 3; k++) out = out || (force->special_lj[k] == 0.0 && force->special_coul[k] == 0.0);
  for (int i = 0; out && i < atom->nlocal; i++)
    if (number_of_type[atom->type[i]] >= 0 && (!atom->nspecial || atom->nspecial[i][2] > 0)) return true;
  return false;
}

// The mass of a type far from its element's is warned about; one that is
// another element's of the model is a swapped order, which is an error.
void PairPonita::check_masses() {
  if (!atom->mass || !atom->mass_setflag || members.empty()) return;
  const double per_amu = !strcmp(update->unit_style, "si") ? 1.66053906660e-27
      : !strcmp(update->unit_style, "cgs")   ? 1.66053906660e-24
      : !strcmp(update->unit_style, "micro") ? 1.66053906660e-12
      : !strcmp(update->unit_style, "nano")  ? 1.66053906660e-6
                                             : 1.0;
  std::vector<ponita_species_info> species(members[0].info.species);
  for (size_t s = 0; s < species.size(); s++) {
    begin(species[s]);
    check(ponita_model_species(members[0].model, static_cast<int32_t>(s), &species[s]));
  }
  const auto near = [](double a, double b) { return std::fabs(a - b) <= 0.05 * b; };
  std::string swapped;
  for (int t = 1; t <= atom->ntypes && swapped.empty(); t++) {
    if (number_of_type[t] < 0 || !atom->mass_setflag[t]) continue;
    const double mass = atom->mass[t] / per_amu;
    const ponita_species_info *own_element = nullptr, *other = nullptr;
    for (const auto &s : species) {
      if (s.number == number_of_type[t]) own_element = &s;
      else if (near(mass, s.mass)) other = &s;
    }
    if (!own_element || near(mass, own_element->mass)) continue;
    const std::string what = "atom type " + std::to_string(t) + " is " + own_element->symbol + text(" with a mass of %.6g amu, the element has %.6g", mass, own_element->mass);
    if (other) swapped = what + ": that is " + other->symbol + ", is the order of elements in pair_coeff right?";
    else if (comm->me == 0) error->warning(FLERR, "Pair ponita: " + what);
  }
  complain(swapped);
}

double PairPonita::init_one(int i, int j) {
  if (setflag[i][j] == 0) error->all(FLERR, "Pair ponita: atom types " + std::to_string(i) + " and " + std::to_string(j) + " have no pair_coeff");
  return cutoff * length_unit;
}

// ---- evaluation ----

void PairPonita::compute(int eflag, int vflag) {
  ev_init(eflag, vflag);
  // Atoms, ghosts and their types may be others than in the last call. A rank
  // without atoms takes part in everything: others wait for its messages.
  const bool changed = assign_rows();
  const bool built = neighbor->ago == 0 || neighbor->ncalls != last_build; // the same on all ranks
  if (built) {
    find_originals();
    last_build = neighbor->ncalls;
  }
  if (built || changed) {
    list_candidates();
    find_images();
    list_ids();
    for (auto &m : members) m.stale = true;
  }
  ask_for_rows();
  const size_t all = atom_of.size();
  positions.resize(3 * all);
  numbers.resize(all);
  for (size_t r = 0; r < all; r++) {
    const int i = atom_of[r];
    for (int k = 0; k < 3; k++) positions[3 * r + k] = atom->x[i][k] / length_unit;
    numbers[r] = number_of_type[atom->type[i]];
  }

  const bool due = out_freq > 0 && update->ntimestep % out_freq == 0;
  const bool all_members = members.size() > 1 && (due || uncertainty_flag);
  evaluate(members[0], true);
  tally(members[0]);
  if (all_members) {
    for (size_t k = 1; k < members.size(); k++) evaluate(members[k], false);
    deviate(due);
  }
}

// assign_rows gives rows to the atoms of mapped types, own ones first, and tells
// whether that has changed.
bool PairPonita::assign_rows() {
  const int nall = atom->nlocal + atom->nghost;
  bool changed = static_cast<int>(row_of.size()) != nall;
  row_of.resize(nall, -2);
  size_t row = 0;
  int local = 0;
  atom_of.resize(nall);
  for (int i = 0; i < nall; i++) {
    const int32_t r = number_of_type[atom->type[i]] > 0 ? static_cast<int32_t>(row) : -1;
    changed = changed || row_of[i] != r;
    row_of[i] = r;
    if (r >= 0) atom_of[row++] = i;
    if (i + 1 == atom->nlocal) local = static_cast<int>(row);
  }
  atom_of.resize(row);
  changed = changed || own != local;
  own = local;
  return changed;
}

void PairPonita::list_candidates() {
  std::vector<int> where(atom->nlocal, -1); // in a hybrid a list may lack atoms
  for (int ii = 0; ii < list->inum; ii++) where[list->ilist[ii]] = ii;
  start.assign(1, 0);
  candidates.clear();
  for (int r = 0; r < own; r++) {
    const int i = atom_of[r];
    if (where[i] >= 0)
      for (int n = 0; n < list->numneigh[i]; n++) {
        const int32_t j = row_of[list->firstneigh[i][n] & NEIGHMASK];
        if (j >= 0) candidates.push_back(j);
      }
    start.push_back(static_cast<int64_t>(candidates.size()));
  }
}

// find_originals looks for the atoms that ghosts are periodic images of, by their
// IDs: own ones, or other ghosts. They share a row; a bond to an image of an own
// atom is computed once and not twice.
void PairPonita::find_originals() {
  const int nall = atom->nlocal + atom->nghost;
  std::vector<std::pair<tagint, int>> tags(nall);
  for (int i = 0; i < nall; i++) tags[i] = {atom->tag[i], i};
  std::sort(tags.begin(), tags.end());
  original.resize(nall);
  for (int k = 0, first = 0; k < nall; k++) {
    if (tags[k].first != tags[first].first) first = k;
    original[tags[k].second] = tags[first].second;
  }
  alone = comm->nprocs == 1 && std::all_of(original.begin(), original.end(), [this](int i) { return i < atom->nlocal; });
}

// ask_for_rows tells the ranks that LAMMPS has the copies of atoms from which of
// them want rows at this step: not images, and not those that are only within the
// skin. LAMMPS would send them all, most of them within a rank. What goes from
// ghosts to atoms passes the swaps backwards, so a ghost that is sent on hears first
// that another rank wants it.
void PairPonita::ask_for_rows() {
  sent.clear();
  if (alone) return;
  backward = ASK;
  wanted.assign(original.size(), 0);
  const double reach = cutoff * length_unit * (1 + 1e-9); // the library has positions in Å, rounded
  for (int ii = 0; ii < list->inum; ii++) {
    const int i = list->ilist[ii];
    const double *x = atom->x[i];
    for (int n = 0; n < list->numneigh[i]; n++) {
      const int j = list->firstneigh[i][n] & NEIGHMASK;
      if (j < atom->nlocal) continue;
      const double *y = atom->x[j];
      const double d[3] = {y[0] - x[0], y[1] - x[1], y[2] - x[2]};
      if (d[0] * d[0] + d[1] * d[1] + d[2] * d[2] < reach * reach) wanted[original[j]] = 1;
    }
  }
  Communication counted(timer);
  reverse(comm, this, 0);
}

// add_ghosts adds the forces on ghosts, and their virials where these are wanted,
// to those on their atoms. Newton's setting does not matter, as LAMMPS' own forces
// on ghosts are not touched.
void PairPonita::add_ghosts(const ponita_result &result) {
  if (alone) return;
  backward = ADD;
  ghost_forces = result.forces;
  ghost_virials = result.virials;
  Communication counted(timer);
  reverse(comm, this, 0);
}

int PairPonita::pack_reverse_comm(int n, int first, double *buffer) {
  if (backward == ASK) {
    std::copy(wanted.begin() + first, wanted.begin() + first + n, buffer);
    return n;
  }
  double *to = buffer;
  for (int i = first; i < first + n; i++) {
    if (!wanted[i]) continue;
    const int32_t r = row_of[i];
    for (int k = 0; k < 3; k++) *to++ = r < 0 ? 0.0 : ghost_forces[3 * r + k];
    if (ghost_virials)
      for (int k = 0; k < 6; k++) *to++ = r < 0 ? 0.0 : ghost_virials[6 * r + k];
  }
  return static_cast<int>(to - buffer);
}

void PairPonita::unpack_reverse_comm(int n, int *list, double *buffer) {
  auto &s = sent[list];
  if (backward == ASK) {
    for (int k = 0; k < n; k++) {
      if (buffer[k] == 0.0) continue;
      s.push_back(list[k]);
      wanted[original[list[k]]] = 1;
    }
    return;
  }
  for (int i : s) {
    const int32_t r = row_of[original[i]];
    for (int k = 0; k < 3; k++, buffer++)
      if (r >= 0) ghost_forces[3 * r + k] += *buffer;
    if (ghost_virials)
      for (int k = 0; k < 6; k++, buffer++)
        if (r >= 0) ghost_virials[6 * r + k] += *buffer;
  }
}

void PairPonita::find_images() {
  images.clear();
  for (size_t r = own; r < atom_of.size(); r++) {
    const int i = original[atom_of[r]];
    images.push_back(i == atom_of[r] ? -1 : row_of[i]);
  }
}

// list_ids lists the IDs of the atoms of all rows: by them two ranks agree on
// who computes which bonds between them.
void PairPonita::list_ids() {
  atom_ids.clear();
  for (int i : atom_of) atom_ids.push_back(atom->tag[i]);
}

void PairPonita::evaluate(Member &m, bool drives) {
  if (m.stale) {
    ponita_neighbors lists;
    begin(lists);
    lists.own = own;
    lists.ghosts = static_cast<int64_t>(atom_of.size()) - own;
    lists.start = start.data();
    lists.neighbors = candidates.data();
    lists.images = images.data();
    lists.ids = atom_ids.data();
    check(ponita_domain_neighbors(m.domain, &lists));
    m.stale = false;
  }
  ponita_atoms atoms;
  begin(atoms);
  atoms.positions = positions.data();
  atoms.numbers = numbers.data();
  check(ponita_domain_begin(m.domain, &atoms));
  if (drives && rmin_check != OFF) check_closest(m);

  active = &m;
  const int layers = m.info.layers;
  check_communication(static_cast<int>(m.row_bytes / sizeof(double)));
  for (int t = 0; t < layers; t++) {
    check(ponita_domain_forward(m.domain, t));
    if (layers > 1) exchange();
  }
  for (int t = layers - 1; t >= 0; t--) {
    check(ponita_domain_backward(m.domain, t));
    if (t > 1) exchange();
  }

  ponita_result result;
  begin(result);
  const size_t all = atom_of.size();
  m.forces.resize(3 * all + 1);
  result.forces = m.forces.data();
  if (drives && eflag_atom) {
    m.energies.resize(own + 1);
    result.energies = m.energies.data();
  }
  if (drives && vflag_atom) {
    m.virials.resize(6 * all + 1);
    result.virials = m.virials.data();
  }
  check(ponita_domain_finish(m.domain, &result));
  add_ghosts(result);
  m.energy = result.energy;
  std::copy(result.virial, result.virial + 6, m.virial);
}

// Buffers of LAMMPS are counted in int.
void PairPonita::check_communication(int doubles) {
  if (force->pair && force->pair->comm_forward < doubles) fail("the buffers of LAMMPS are too small for its rows");
  const double most = static_cast<double>(doubles) * atom->nghost;
  if (most > 2147483647.0)
    fail(text("%.0f ghosts with rows of %.0f numbers are more than the communication of LAMMPS can count: use more ranks", static_cast<double>(atom->nghost), doubles));
}

void PairPonita::exchange() {
  if (alone) return;
  ponita_domain_info info;
  begin(info);
  check(ponita_domain_describe(active->domain, &info));
  exchange_bytes = info.row_bytes;
  Communication counted(timer);
  forward(comm, this, 0);
}

// Messages are shorter than LAMMPS has made room for.
int PairPonita::pack_forward_comm(int, int *send, double *buffer, int, int *) {
  rows.clear();
  for (int i : sent[send]) rows.push_back(row_of[i]);
  check(ponita_domain_get_rows(active->domain, static_cast<int64_t>(rows.size()), rows.data(), buffer));
  return static_cast<int>(rows.size() * (exchange_bytes / sizeof(double)));
}

void PairPonita::unpack_forward_comm(int n, int first, double *buffer) {
  rows.clear();
  for (int i = first; i < first + n; i++)
    if (wanted[i]) rows.push_back(row_of[i]);
  check(ponita_domain_set_rows(active->domain, static_cast<int64_t>(rows.size()), rows.data(), buffer));
}

void PairPonita::check_closest(const Member &m) {
  ponita_domain_info info;
  begin(info);
  check(ponita_domain_describe(m.domain, &info));
  if (info.closest[0] < 0 || info.closest_distance >= info.closest_limit) return;
  const std::string what = "atoms with IDs " + ids(info.closest) + text(" are %.3f Angstrom apart, less than %.3f: about half of what the model was trained on", info.closest_distance, info.closest_limit) +
      " (step " + std::to_string(update->ntimestep) + ")";
  if (rmin_check == STOP) fail(what + ". Check the structure and the time step, or say rmin_check warn or off");
  if (!warned_closest) error->warning(FLERR, "Pair ponita: " + what);
  warned_closest = true;
}

void PairPonita::tally(const Member &m) {
  const double force_unit = energy_unit / length_unit;
  double energy = m.energy;
  for (int r = 0; r < own; r++) {
    const int i = atom_of[r];
    const double e0 = left_out[atom->type[i]];
    energy -= e0;
    for (int k = 0; k < 3; k++) atom->f[i][k] += m.forces[3 * r + k] * force_unit;
    if (eflag_atom) eatom[i] += (m.energies[r] - e0) * energy_unit;
    if (vflag_atom)
      for (int k = 0; k < 6; k++) vatom[i][k] += m.virials[6 * r + k] * energy_unit;
  }
  if (eflag_global) eng_vdwl += energy * energy_unit;
  if (vflag_global)
    for (int k = 0; k < 6; k++) virial[k] += m.virial[k] * energy_unit;
}

// ---- model deviation, in eV and Angstrom, with the columns of DeePMD-kit ----

// deviate computes how far the members are apart:
//
//   forces: sigma_i = sqrt(<|f_i - <f_i>|^2>) of every atom; max, min, mean
//   virial: the standard deviation of its components over the number of atoms;
//           max, min and root mean square of all nine
//
// It is a row of the file where one is due.
void PairPonita::deviate(bool due) {
  const size_t n = members.size();
  Statistics mine, total;
  memset(&mine, 0, sizeof mine);
  mine.least = 1e300;
  deviation.resize(own);
  for (int r = 0; r < own; r++) {
    double variance = 0;
    for (int k = 0; k < 3; k++) {
      double mean = 0;
      for (const auto &m : members) mean += m.forces[3 * r + k] / n;
      for (const auto &m : members) variance += std::pow(m.forces[3 * r + k] - mean, 2) / n;
    }
    deviation[r] = std::sqrt(variance);
    mine.most = std::max(mine.most, deviation[r]);
    mine.least = std::min(mine.least, deviation[r]);
    mine.sum += deviation[r];
  }
  mine.atoms = own;
  for (size_t m = 0; m < n; m++) std::copy(members[m].virial, members[m].virial + 6, mine.virial[m]);

  memset(&total, 0, sizeof total);
  total.least = 1e300;
  {
    Communication counted(timer);
    comm->ring(1, sizeof mine, &mine, 1, add, nullptr, &total);
  }

  double v[3] = {0, 1e300, 0};
  for (int k = 0; k < 6; k++) {
    double mean = 0, variance = 0;
    for (size_t m = 0; m < n; m++) mean += total.virial[m][k] / n;
    for (size_t m = 0; m < n; m++) variance += std::pow(total.virial[m][k] - mean, 2) / n;
    const double sigma = std::sqrt(variance) / std::max(total.atoms, 1.0);
    v[0] = std::max(v[0], sigma);
    v[1] = std::min(v[1], sigma);
    v[2] += (k < 3 ? 1 : 2) * sigma * sigma / 9; // xy is also yx
  }
  const double row[6] = {v[0], v[1], std::sqrt(v[2]), total.most, total.atoms > 0 ? total.least : 0.0, total.sum / std::max(total.atoms, 1.0)};
  if (comm->me == 0) {
    std::copy(row, row + 6, pvector);
    if (due) write_deviation(row);
  }
  deviated = update->ntimestep;
  deviation_all.assign(std::max(atom->nmax, 1), 0.0);
  for (int r = 0; r < own; r++) deviation_all[atom_of[r]] = deviation[r] * energy_unit / length_unit;
  if (stop_devi > 0 && total.most > stop_devi)
    error->all(FLERR, text("Pair ponita: the members of the committee differ by %.4g eV/Angstrom, more than stop_devi %.4g", total.most, stop_devi) + ", at step " + std::to_string(update->ntimestep));
}

void PairPonita::write_deviation(const double *row) {
  if (!out) return;
  fprintf(out, "%12lld", static_cast<long long>(update->ntimestep));
  for (int k = 0; k < 6; k++) fprintf(out, " %18.6e", row[k]);
  fprintf(out, "\n");
  fflush(out);
}

void *PairPonita::extract(const char *what, int &dim) {
  dim = 0;
  if (!strcmp(what, "cutoff")) return &cutoff;
  if (!strcmp(what, "uncertainty_flag")) return &uncertainty_flag; // fix pair sets it before steps it wants
  return nullptr;
}

void *PairPonita::extract_peratom(const char *what, int &columns) {
  if (strcmp(what, "uncertainty") != 0 || members.size() < 2) return nullptr;
  columns = 0;
  if (deviated != update->ntimestep) deviation_all.clear(); // of another step, whose atoms had other places
  deviation_all.resize(std::max(atom->nmax, 1), 0.0);
  return deviation_all.data();
}

double PairPonita::memory_usage() {
  double bytes = Pair::memory_usage();
  for (const auto &m : members) {
    ponita_domain_info info;
    begin(info);
    if (ponita_domain_describe(m.domain, &info) == PONITA_OK) bytes += static_cast<double>(info.memory);
    bytes += static_cast<double>(sizeof(double) * (m.forces.size() + m.energies.size() + m.virials.size()));
  }
  return bytes + static_cast<double>(sizeof(int32_t) * candidates.size() + sizeof(double) * positions.size());
}
