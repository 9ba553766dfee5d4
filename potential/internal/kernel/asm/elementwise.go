package main

import (
	"github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func elementwise(ctx *build.Context) {
	writeMaskTable(ctx)
	each(ctx, axpy)
	each(ctx, func(v *vector) { pairwise(v, "mulAdd", "adds a∘b to y.", true) })
	each(ctx, func(v *vector) { pairwise(v, "mul", "sets y to a∘b.", false) })
	each(ctx, mulSum)
	each(ctx, dot)
}

// axpy implements
//
//	for i := range n {
//		y[i] = FMA(a, x[i], y[i])
//	}
//
// Register plan: a, 4 for y, 4 for x.
func axpy(v *vector) {
	v.function("axpy", "(y, x *T, a T, n int)", "adds a·x to y.")
	y, x, n := v.pointer("y"), v.pointer("x"), v.integer("n", false)
	a := v.register()
	v.broadcast(v.argument("a"), a)
	v.sweep("", n, 4, []reg.GPVirtual{y, x}, func(_ string, count int, mask reg.Register) {
		for i := range count {
			before, term := v.register(), v.register()
			v.load(v.at(x, i), mask, term)
			v.load(v.at(y, i), mask, before)
			v.fma(term, a, before)
			v.store(before, mask, v.at(y, i))
		}
	})
	v.end()
}

// pairwise implements
//
//	for i := range n {
//		y[i] = FMA(a[i], b[i], y[i]) // or a[i] * b[i]
//	}
//
// Register plan: 4 each for y, a and b.
func pairwise(v *vector, name, doc string, add bool) {
	v.function(name, "(y, a, b *T, n int)", doc)
	y, a, b, n := v.pointer("y"), v.pointer("a"), v.pointer("b"), v.integer("n", false)
	v.sweep("", n, 4, []reg.GPVirtual{y, a, b}, func(_ string, count int, mask reg.Register) {
		for i := range count {
			left, right, result := v.register(), v.register(), v.register()
			v.load(v.at(a, i), mask, left)
			v.load(v.at(b, i), mask, right)
			if add {
				v.load(v.at(y, i), mask, result)
				v.fma(left, right, result)
			} else {
				v.mul(left, right, result)
			}
			v.store(result, mask, v.at(y, i))
		}
	})
	v.end()
}

// mulSum implements
//
//	for i := range n {
//		y[i] = FMA(a[i], b[i], c[i]*d[i]*e[i])
//	}
//
// Register plan: 2 each for the products.
func mulSum(v *vector) {
	v.function("mulSum", "(y, a, b, c, d, e *T, n int)", "sets y to a∘b + c∘d∘e.")
	y, a, b, c, d, e := v.pointer("y"), v.pointer("a"), v.pointer("b"), v.pointer("c"), v.pointer("d"), v.pointer("e")
	v.sweep("", v.integer("n", false), 2, []reg.GPVirtual{y, a, b, c, d, e}, func(_ string, count int, mask reg.Register) {
		for i := range count {
			sum, factor := v.register(), v.register()
			v.load(v.at(c, i), mask, sum)
			v.load(v.at(d, i), mask, factor)
			v.mul(factor, sum, sum)
			v.load(v.at(e, i), mask, factor)
			v.mul(factor, sum, sum)
			left, right := v.register(), v.register()
			v.load(v.at(a, i), mask, left)
			v.load(v.at(b, i), mask, right)
			v.fma(left, right, sum)
			v.store(sum, mask, v.at(y, i))
		}
	})
	v.end()
}

// dot implements
//
//	var sums [4][lanes]T
//	for i := range n {
//		s := &sums[i/lanes%4][i%lanes] // the last n%(4*lanes) go to sums[0]
//		*s = FMA(x[i], y[i], *s)
//	}
//	return (sums[0] + sums[1]) + (sums[2] + sums[3]), added over halves
//
// Register plan: 4 sums, 4 each for x and y.
func dot(v *vector) {
	v.function("dot", "(x, y *T, n int) T", "returns the sum of x∘y.")
	x, y, n := v.pointer("x"), v.pointer("y"), v.integer("n", false)
	sums := v.registers(4)
	for _, sum := range sums {
		v.zero(sum)
	}
	v.sweep("", n, 4, []reg.GPVirtual{x, y}, func(_ string, count int, mask reg.Register) {
		for i := range count {
			left, right := v.register(), v.register()
			v.load(v.at(x, i), mask, left)
			v.load(v.at(y, i), mask, right)
			v.fma(left, right, sums[i])
		}
	})
	v.add(sums[1], sums[0], sums[0])
	v.add(sums[3], sums[2], sums[2])
	v.add(sums[2], sums[0], sums[0])
	result := v.total(sums[0])
	v.VZEROUPPER() // before the store, which is a legacy SSE instruction
	v.Store(result, v.ReturnIndex(0))
	v.RET()
}

// total adds the lanes of r, halving the register until one is left.
func (v *vector) total(r reg.VecVirtual) reg.Register {
	if v.bytes == 64 {
		half := v.YMM()
		v.VEXTRACTF64X4(U8(1), r, half)
		v.add(half, r.AsY(), r.AsY())
	}
	quarter, x := v.XMM(), r.AsX()
	v.VEXTRACTF128(U8(1), r.AsY(), quarter)
	v.add(quarter, x, x)
	v.VMOVHLPS(x, x, quarter)
	v.add(quarter, x, x)
	if v.size == 4 {
		v.VMOVSHDUP(x, quarter)
		v.VADDSS(quarter, x, x)
	}
	return x
}
