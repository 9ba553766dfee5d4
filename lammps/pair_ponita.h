// pair_style ponita: the exchange of rows between ranks, units and elements of
// LAMMPS around libponita. See README.md beside this file.

#ifdef PAIR_CLASS
// clang-format off
PairStyle(ponita,PairPonita)
// clang-format on
#else

#ifndef LMP_PAIR_PONITA_H
#define LMP_PAIR_PONITA_H

#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "pair.h"
#include "ponita.h"

namespace LAMMPS_NS {

class PairPonita : public Pair {
 public:
  explicit PairPonita(class LAMMPS *);
  ~PairPonita() override;
  void compute(int, int) override;
  void settings(int, char **) override;
  void coeff(int, char **) override;
  void init_style() override;
  double init_one(int, int) override;
  int pack_forward_comm(int, int *, double *, int, int *) override;
  void unpack_forward_comm(int, int, double *) override;
  int pack_reverse_comm(int, int, double *) override;
  void unpack_reverse_comm(int, int *, double *) override;
  double memory_usage() override;
  void *extract(const char *, int &) override;
  // A member of Pair since 15Sep2022, for fix pair; before, nobody calls it.
  virtual void *extract_peratom(const char *, int &);

 private:
  // One member of the committee; the first drives the dynamics.
  struct Member {
    std::string file;
    ponita_model model = nullptr;
    ponita_domain domain = nullptr;
    ponita_model_info info;
    int64_t row_bytes = 0;
    bool stale = true;    // has not had the present lists
    double energy = 0.0;  // eV, of the own atoms
    double virial[6];     // eV
    std::vector<double> forces, energies, virials;
  };
  enum { STOP, WARN, OFF };

  std::vector<std::string> committee;  // files of further members
  std::vector<Member> members;
  Member *active = nullptr;            // the one whose rows are exchanged
  std::vector<int32_t> number_of_type; // atomic number, -1 for NULL
  std::vector<double> left_out;        // eV, by type, of an atom's energy
  double cutoff = 0.0;                 // Å
  double energy_unit = 1.0, length_unit = 1.0; // of 1 eV and 1 Å
  int64_t exchange_bytes = 0; // of a row in the present exchange

  int precision, threads, rmin_check;
  bool checks; // of masses and of special_bonds
  bool isolated; // energies with those of the isolated atoms
  bool warned_closest = false;

  // model deviation
  int out_freq;
  std::string out_file;
  FILE *out = nullptr;
  double stop_devi; // eV/Å, 0: never
  std::vector<double> deviation; // eV/Å, of the own atoms
  std::vector<double> deviation_all; // native units, by atom, for fix pair
  bigint deviated = -1;              // the step that they are of
  int uncertainty_flag = 0;          // whether fix pair wants them at this step

  // rows: own atoms, then ghosts, of the types that are mapped
  std::vector<int32_t> row_of, atom_of; // [atom], [row]
  std::vector<int32_t> numbers, candidates, images, rows;
  std::vector<int64_t> start, atom_ids;
  std::vector<double> positions;
  int own = 0;

  // Who sends rows to which ghosts, agreed on at every step. Forces come back the
  // same way.
  std::vector<int> original;   // [atom] the first one of the same ID
  std::vector<char> wanted;    // [atom] a ghost that gets a row
  std::map<const int *, std::vector<int>> sent; // [list of LAMMPS] its atoms whose rows are sent
  enum { ASK, ADD } backward = ASK; // what goes from ghosts to atoms
  double *ghost_forces = nullptr, *ghost_virials = nullptr; // [row]
  bool alone = false; // all ghosts are images of own atoms
  int64_t last_build = -1;

  void allocate();
  void close();
  bool bonds_excluded();
  void check_masses();
  bool assign_rows();
  void list_candidates();
  void find_originals();
  void ask_for_rows();
  void add_ghosts(const ponita_result &);
  void find_images();
  void list_ids();
  void evaluate(Member &, bool);
  void exchange();
  void check_closest(const Member &);
  void check_communication(int);
  void tally(const Member &);
  void deviate(bool);
  void write_deviation(const double *);
  std::string ids(const int64_t *) const;
  [[noreturn]] void fail(const std::string &);
  void complain(const std::string &);
  void check(int status);
};

}  // namespace LAMMPS_NS

#endif
#endif
