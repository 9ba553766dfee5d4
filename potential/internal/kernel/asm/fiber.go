package main

import (
	"github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func fiber(ctx *build.Context) {
	writeMaskTable(ctx)
	each(ctx, contraction)
	each(ctx, fiberGrad)
}

// columns emits the loop over the c channels of a fiber: panels of two
// registers, then single ones under a mask. body gets a prefix for its labels
// and finds the offset of the panel in bytes in at.
func (v *vector) columns(at reg.GPVirtual, body func(name string, width int, mask reg.Register)) {
	left := v.AllocLocal(8)
	v.MOVQ(v.integer("c", false), left)
	v.XORQ(at, at)
	v.Label("wide")
	v.CMPQ(left, U32(2*v.lanes()))
	v.JLT(LabelRef("narrow"))
	body("wide", 2, nil)
	v.ADDQ(U32(2*v.bytes), at)
	v.SUBQ(U32(2*v.lanes()), left)
	v.JMP(LabelRef("wide"))
	v.Label("narrow")
	count := v.GP64()
	v.MOVQ(left, count)
	v.TESTQ(count, count)
	v.JLE(LabelRef("done"))
	body("narrow", 1, v.mask(count))
	v.ADDQ(U32(v.bytes), at)
	v.SUBQ(U32(v.lanes()), left)
	v.JMP(LabelRef("narrow"))
	v.Label("done")
}

// contraction implements Fiber and, with the strides exchanged, FiberT:
//
//	for r := range n {
//		for s := range n {
//			for j := range c {
//				y[r*c+j] = FMA(phi[r*out+s*in+j], x[s*c+j], y[r*c+j])
//			}
//		}
//	}
//
// The loop over the channels is the outermost, in panels of two registers; a
// tile is four rows r, or one, by a panel. Every y is one chain of FMAs that
// starts from its old value.
//
// Register plan: 8 sums, 2 for x, phi from memory (under a mask 4 for phi).
// Rows of phi and y are addressed with their strides and thrice their strides.
func contraction(v *vector) {
	v.function("fiber", "(y, phi, x *T, n, c, out, in int)", "computes y[r] += sum_s phi[r,s]∘x[s].")
	out, in, row := v.integer("out", true), v.integer("in", true), v.integer("c", true)
	out3, row3 := v.GP64(), v.GP64()
	v.LEAQ(Mem{Base: out, Index: out, Scale: 2}, out3)
	v.LEAQ(Mem{Base: row, Index: row, Scale: 2}, row3)
	rows := func(base, stride, stride3 reg.Register) []Mem {
		return []Mem{{Base: base}, {Base: base, Index: stride, Scale: 1},
			{Base: base, Index: stride, Scale: 2}, {Base: base, Index: stride3, Scale: 1}}
	}
	at := v.GP64()
	left := v.AllocLocal(8)
	v.columns(at, func(name string, width int, mask reg.Register) {
		y, phi := v.pointer("y"), v.pointer("phi")
		v.ADDQ(at, y)
		v.ADDQ(at, phi)
		v.MOVQ(v.integer("n", false), left)
		for _, height := range []int{4, 1} {
			tile, below := label(name, height), label(name, "below", height)
			v.Label(tile)
			v.CMPQ(left, U32(height))
			v.JLT(LabelRef(below))
			sums := v.registers(height * width)
			for r, m := range rows(y, row, row3)[:height] {
				for i := range width {
					v.load(m.Offset(i*v.bytes), mask, sums[r*width+i])
				}
			}
			x, weights, s := v.pointer("x"), v.GP64(), v.integer("n", false)
			v.ADDQ(at, x)
			v.MOVQ(phi, weights)
			loop := label(tile, "sum")
			v.Label(loop)
			for i := range width {
				value := v.register()
				v.load(v.at(x, i), mask, value)
				for r, m := range rows(weights, out, out3)[:height] {
					if mask == nil {
						v.fma(m.Offset(i*v.bytes), value, sums[r*width+i])
						continue
					}
					weight := v.register()
					v.load(m, mask, weight)
					v.fma(weight, value, sums[r])
				}
			}
			v.ADDQ(in, weights)
			v.ADDQ(row, x)
			v.DECQ(s)
			v.JNZ(LabelRef(loop))
			for r, m := range rows(y, row, row3)[:height] {
				for i := range width {
					v.store(sums[r*width+i], mask, m.Offset(i*v.bytes))
				}
			}
			for range height {
				v.ADDQ(row, y)
				v.ADDQ(out, phi)
			}
			v.SUBQ(U32(height), left)
			v.JMP(LabelRef(tile))
			v.Label(below)
		}
	})
	v.end()
}

// fiberGrad implements
//
//	for p := range n {
//		for a := range n {
//			for j := range c {
//				dphi[(p*n+a)*c+j] = FMA(dy[p*c+j], x[a*c+j], dphi[(p*n+a)*c+j])
//			}
//		}
//	}
//
// with the loop over the channels outermost, in panels of two registers.
//
// Register plan: 2 for dy, 2 for x, 2 for dphi.
func fiberGrad(v *vector) {
	v.function("fiberGrad", "(dphi, dy, x *T, n, c int)", "adds dy[p]∘x[a] to dphi[p,a].")
	row, at := v.integer("c", true), v.GP64()
	v.columns(at, func(name string, width int, mask reg.Register) {
		dphi, dy, p := v.pointer("dphi"), v.pointer("dy"), v.integer("n", false)
		v.ADDQ(at, dphi)
		v.ADDQ(at, dy)
		outer, inner := label(name, "p"), label(name, "a")
		v.Label(outer)
		left := v.registers(width)
		for i, r := range left {
			v.load(v.at(dy, i), mask, r)
		}
		x, a := v.pointer("x"), v.integer("n", false)
		v.ADDQ(at, x)
		v.Label(inner)
		for i, r := range left {
			right, sum := v.register(), v.register()
			v.load(v.at(x, i), mask, right)
			v.load(v.at(dphi, i), mask, sum)
			v.fma(right, r, sum)
			v.store(sum, mask, v.at(dphi, i))
		}
		v.ADDQ(row, x)
		v.ADDQ(row, dphi)
		v.DECQ(a)
		v.JNZ(LabelRef(inner))
		v.ADDQ(row, dy)
		v.DECQ(p)
		v.JNZ(LabelRef(outer))
	})
	v.end()
}
