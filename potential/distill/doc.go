// Package distill turns a committee of models into data for one model.
//
// Models trained on the same frames from different random numbers err in
// different directions where the frames say little, and their mean errs less than
// any of them. [Committee] is that mean, at the price of all its members; a model
// trained on frames that the mean has labelled, besides the real ones, has most
// of its accuracy at the price of one. [Sample] makes such frames, by short
// dynamics with the mean from every real frame.
//
// Sources: Hinton, Vinyals, Dean, arXiv:1503.02531; for interatomic potentials
// Matin et al., arXiv:2503.14293.
package distill
