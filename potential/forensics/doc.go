// Package forensics looks for what is wrong with reference data before a
// network learns it: structures that occur twice or in both parts of a split,
// atoms on top of each other, outliers, forces that do not sum to zero, stresses
// of another sign or unit, labels that are missing or contradict each other.
//
//	set, err := forensics.Read("train.xyz", xyz.LabelKeys{})
//	result, err := forensics.Examine([]*forensics.Set{set}, forensics.Options{})
//
// Every finding names the file, the frames (counted from 1, as everywhere in
// messages), the value found, and what to do. Its severity is
//
//	error    training on it, or testing with it, gives wrong results
//	warning  something is probably wrong, or wasted
//	note     worth knowing
//
// # How it knows
//
// Labels are compared with each other, never with a model that was trained on
// them: the energy difference of two similar frames with the work that their
// forces and stresses do between them (work.go), and stress and energy with the
// pair potential that fits the forces best (pairfit.go). The first is exact up
// to the third order of the difference and says what is certain; the second
// needs no similar frames and says what is likely: it judges the shear of every
// config_type by itself, and names all units that it cannot tell apart.
//
// Units are eV, Å, eV/Å, eV/Å³; the stress is positive in tension.
package forensics
