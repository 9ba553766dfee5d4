package main

import (
	"fmt"
	"math"

	"github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"ponita/potential/internal/harmonics"
)

// squareDegrees is the highest degree L' for which there is assembly.
const squareDegrees = 2

// The coefficients of the activation, see square.go of the package above.
const (
	squareLinear = 1. / 2
	squareSquare = 0.39894228040143267794
)

func square(ctx *build.Context) {
	writeMaskTable(ctx)
	places := map[int]factors{4: newFactors(ctx, 4), 8: newFactors(ctx, 8)}
	for degree := 1; degree <= squareDegrees; degree++ {
		for _, second := range []bool{false, true} {
			each(ctx, func(v *vector) { newSquare(v, places[v.size], degree).forward(second) })
			each(ctx, func(v *vector) { newSquare(v, places[v.size], degree).adjoint(second) })
		}
	}
}

// factors are the places of all factors, by their value to 14 digits.
type factors map[int64]Mem

func digits(x float64) int64 { return int64(math.Round(x * 1e14)) }

func newFactors(ctx *build.Context, size int) factors {
	t := &table{ctx: ctx, size: size, base: ctx.StaticGlobal(fmt.Sprintf("squareF%d", 8*size))}
	ctx.DataAttributes(build.RODATA | build.NOPTR)
	f := factors{}
	add := func(x float64) {
		if _, ok := f[digits(x)]; !ok {
			f[digits(x)] = t.value(x)
		}
	}
	add(squareLinear)
	for degree := 1; degree <= squareDegrees; degree++ {
		for _, g := range harmonics.Products(degree) {
			for _, p := range g.Pairs {
				for _, gaunt := range p.G {
					add(squareSquare * gaunt)
				}
			}
		}
	}
	return f
}

type squareKernel struct {
	*vector
	factors factors
	degree  int
	groups  []harmonics.Group
	row     reg.GPVirtual // bytes of a harmonic
}

func newSquare(v *vector, f factors, degree int) *squareKernel {
	return &squareKernel{vector: v, factors: f, degree: degree, groups: harmonics.Products(degree)}
}

// spectrum addresses the harmonics of an argument: three from one register.
type spectrum []reg.GPVirtual

func (s *squareKernel) spectrum(name string) spectrum {
	rows := spectrum{s.pointer(name)}
	for k := 3; k < harmonics.Count(s.degree); k += 3 {
		next := s.GP64()
		s.LEAQ(Mem{Base: rows[len(rows)-1], Index: s.row, Scale: 2}, next)
		s.ADDQ(s.row, next)
		rows = append(rows, next)
	}
	return rows
}

// harmonic addresses vector i of harmonic k of an argument.
func (s *squareKernel) harmonic(x spectrum, k, i int) Mem {
	m := s.at(x[k/3], i)
	if k%3 > 0 {
		m = m.Idx(s.row, uint8(k%3))
	}
	return m
}

// result addresses vector 0 of harmonic m of a result.
func (s *squareKernel) result(base reg.GPVirtual, m int) Mem {
	if m == 0 {
		return Mem{Base: base}
	}
	p := s.GP64()
	s.IMUL3Q(U32(m), s.row, p)
	s.ADDQ(base, p)
	return Mem{Base: p}
}

func (s *squareKernel) constant(x float64) reg.VecVirtual {
	r := s.register()
	s.broadcast(s.factors[digits(x)], r)
	return r
}

// forward implements, for the groups of products of a degree,
//
//	for c := range width {
//		for m := range outputs {
//			g[m*width+c] = q[m*width+c]/2 // qDot, and only for m < inputs
//		}
//		for each pair (k, l) and output m with a factor {
//			product := q[k*width+c] * q[l*width+c] // q_k qDot_l + q_l qDot_k
//			g[m*width+c] = FMA(factor, product, g[m*width+c])
//		}
//	}
//
// Register plan, per vector in flight (two but for the tangent): 3 outputs, the
// product, a factor.
func (s *squareKernel) forward(dot bool) {
	name, signature, doc := "square", "(y, q *T, width int)", "squares a spectrum"
	if dot {
		name, signature, doc = "squareDot", "(y, q, qDot *T, width int)", "is the tangent of the square of a spectrum"
	}
	s.function(fmt.Sprintf("%s%d", name, s.degree), signature, fmt.Sprintf("%s of degree %d.", doc, s.degree))
	s.row = s.integer("width", true)
	y, q := s.pointer("y"), s.spectrum("q") // g is a register of the assembler
	linear, unroll := q, 2
	pointers := append([]reg.GPVirtual{y}, q...)
	if dot {
		linear, unroll = s.spectrum("qDot"), 1
		pointers = append(pointers, linear...)
	}
	s.sweep("", s.integer("width", false), unroll, pointers, func(_ string, count int, mask reg.Register) {
		for _, group := range s.groups {
			outputs := make([][]reg.VecVirtual, len(group.Outputs))
			for n, m := range group.Outputs {
				if m >= harmonics.Count(s.degree) {
					continue // begins with its first product
				}
				half := s.constant(squareLinear)
				outputs[n] = s.registers(count)
				for i, out := range outputs[n] {
					s.load(s.harmonic(linear, m, i), mask, out)
					s.mul(half, out, out)
				}
			}
			for _, p := range group.Pairs {
				products := s.registers(count)
				for i, product := range products {
					other := s.register()
					s.load(s.harmonic(q, p.K, i), mask, product)
					s.load(s.harmonic(linear, p.L, i), mask, other)
					s.mul(other, product, product)
					if dot {
						left, right := s.register(), s.register()
						s.load(s.harmonic(q, p.L, i), mask, left)
						s.load(s.harmonic(linear, p.K, i), mask, right)
						s.fma(left, right, product)
					}
				}
				for n, gaunt := range p.G {
					if gaunt == 0 {
						continue
					}
					f := s.constant(squareSquare * gaunt)
					if outputs[n] == nil {
						outputs[n] = s.registers(count)
						for i, out := range outputs[n] {
							s.mul(f, products[i], out)
						}
						continue
					}
					for i, out := range outputs[n] {
						s.fma(f, products[i], out)
					}
				}
			}
			for n, m := range group.Outputs {
				place := s.result(y, m)
				for i, out := range outputs[n] {
					s.store(out, mask, place.Offset(i*s.bytes))
				}
			}
		}
	})
	s.end()
}

// adjoint implements
//
//	for c := range width {
//		for k := range inputs {
//			dq[k*width+c] = dg[k*width+c] / 2 // unless it is added to
//		}
//		for each group and its pairs (k, l) {
//			sum := 0
//			for each output m of the pair {
//				sum = FMA(factor, dg[m*width+c], sum)
//			}
//			dq[k*width+c] = FMA(sum, q[l*width+c], dq[k*width+c])
//			dq[l*width+c] = FMA(sum, q[k*width+c], dq[l*width+c])
//		}
//	}
//
// Register plan, per vector in flight (two with AVX-512): 9 for dq, 3 for dg, the
// sum, one more.
func (s *squareKernel) adjoint(add bool) {
	name, doc := "squareT", "is the adjoint of the square of a spectrum"
	if add {
		name, doc = "addCurvature", "adds what the square of a spectrum gives to a second adjoint"
	}
	s.function(fmt.Sprintf("%s%d", name, s.degree), "(dq, dg, q *T, width int)", fmt.Sprintf("%s of degree %d.", doc, s.degree))
	s.row = s.integer("width", true)
	dq, dg, q := s.spectrum("dq"), s.pointer("dg"), s.spectrum("q")
	pointers := append(append([]reg.GPVirtual{dg}, dq...), q...)
	unroll := 1
	if s.bytes == 64 {
		unroll = 2
	}
	s.sweep("", s.integer("width", false), unroll, pointers, func(_ string, count int, mask reg.Register) {
		sums := make([][]reg.VecVirtual, harmonics.Count(s.degree)) // dq
		for k := range sums {
			sums[k] = s.registers(count)
			place, half := Mem{}, reg.VecVirtual(nil)
			if !add {
				place, half = s.result(dg, k), s.constant(squareLinear)
			}
			for i, sum := range sums[k] {
				if add {
					s.load(s.harmonic(dq, k, i), mask, sum)
				} else {
					s.load(place.Offset(i*s.bytes), mask, sum)
					s.mul(half, sum, sum)
				}
			}
		}
		for _, group := range s.groups {
			outputs := make([][]reg.VecVirtual, len(group.Outputs)) // dg
			for n, m := range group.Outputs {
				outputs[n] = s.registers(count)
				place := s.result(dg, m)
				for i, out := range outputs[n] {
					s.load(place.Offset(i*s.bytes), mask, out)
				}
			}
			for _, p := range group.Pairs {
				pair, begun := s.registers(count), false
				for n, gaunt := range p.G {
					if gaunt == 0 {
						continue
					}
					f := s.constant(squareSquare * gaunt)
					for i := range pair {
						if begun {
							s.fma(f, outputs[n][i], pair[i])
						} else {
							s.mul(f, outputs[n][i], pair[i])
						}
					}
					begun = true
				}
				for i := range pair {
					x := s.register()
					s.load(s.harmonic(q, p.L, i), mask, x)
					s.fma(pair[i], x, sums[p.K][i])
					s.load(s.harmonic(q, p.K, i), mask, x)
					s.fma(pair[i], x, sums[p.L][i])
				}
			}
		}
		for k, sum := range sums {
			for i, r := range sum {
				s.store(r, mask, s.harmonic(dq, k, i))
			}
		}
	})
	s.end()
}
