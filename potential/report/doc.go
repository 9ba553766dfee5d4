// Package report measures what a model is worth and writes it on one page: the
// errors on a test set, and the physics that errors do not show — dissociation,
// energy conservation, invariance, extensivity — with the speed on this machine
// and where the model comes from.
//
//	m, err := potential.Load("model.h5")
//	d, err := train.ReadDataset("test.xyz", xyz.LabelKeys{})
//	r, err := report.Make(ctx, m, d, report.Options{})
//	err = r.WriteHTML(w)
//
// The page needs nothing but itself: no script, no font, no picture from
// elsewhere. Every section starts with a verdict in words beside a mark whose
// shape says as much as its colour. What a verdict rests on is written where it
// is made: accuracy.go, learning.go, dimer.go, drift.go, symmetry.go.
//
// A section that cannot be measured says why and does not stop the others.
//
// Units are eV, Å, fs, K; small ones meV, meV/Å, ps. The stress is positive in
// tension.
package report
