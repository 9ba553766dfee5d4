package main

import (
	"github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func radial(ctx *build.Context) {
	writeMaskTable(ctx)
	each(ctx, func(v *vector) { spline(v, "spline", "evaluates cubic polynomials.", false) })
	each(ctx, func(v *vector) { spline(v, "splineSlope", "evaluates cubic polynomials and their derivatives.", true) })
}

// spline implements
//
//	for e := range edges {
//		s, q := frac[e], table[at[e]*4*width:]
//		for w := range width {
//			a := FMA(q[3*width+w], s, q[2*width+w])
//			b := FMA(a, s, q[width+w])
//			r[e*width+w] = FMA(b, s, q[w])
//			dr[e*width+w] = FMA(FMA(q[3*width+w], s, a), s, b) // splineSlope
//		}
//	}
//
// Register plan: s, 1 for a value, or 4 with the slope.
func spline(v *vector, name, doc string, slope bool) {
	out := "(r"
	if slope {
		out = "(r, dr"
	}
	v.function(name, out+", table *T, at *int32, frac *T, edges, width int)", doc)
	outputs := []reg.GPVirtual{v.pointer("r")}
	if slope {
		outputs = append(outputs, v.pointer("dr"))
	}
	at, frac, left := v.pointer("at"), v.pointer("frac"), v.integer("edges", false)
	row := v.integer("width", true)
	v.Label("edge")
	v.TESTQ(left, left)
	v.JZ(LabelRef("done"))
	q0, q2 := v.GP64(), v.GP64()
	v.MOVLQSX(Mem{Base: at}, q0)
	v.IMULQ(row, q0)
	v.SHLQ(U8(2), q0)
	v.ADDQ(v.argument("table"), q0)
	v.LEAQ(Mem{Base: q0, Index: row, Scale: 2}, q2)
	s := v.register()
	v.broadcast(Mem{Base: frac}, s)
	next := make([]reg.GPVirtual, len(outputs))
	for i, p := range outputs {
		next[i] = v.GP64()
		v.LEAQ(Mem{Base: p, Index: row, Scale: 1}, next[i])
	}
	width := v.integer("width", false)
	pointers := append([]reg.GPVirtual{q0, q2}, outputs...)
	unroll := 4
	if slope {
		unroll = 2
	}
	v.sweep("", width, unroll, pointers, func(_ string, count int, mask reg.Register) {
		for i := range count {
			if !slope && mask == nil { // from memory: there is nothing to keep
				sum := v.register()
				v.move(v.at(q2, i).Idx(row, 1), sum)
				v.fma213(v.at(q2, i), s, sum)             // a
				v.fma213(v.at(q0, i).Idx(row, 1), s, sum) // b
				v.fma213(v.at(q0, i), s, sum)
				v.move(sum, v.at(outputs[0], i))
				continue
			}
			c0, c1, c2, c3 := v.register(), v.register(), v.register(), v.register()
			v.load(v.at(q2, i).Idx(row, 1), mask, c3)
			v.load(v.at(q2, i), mask, c2)
			v.load(v.at(q0, i).Idx(row, 1), mask, c1)
			v.load(v.at(q0, i), mask, c0)
			v.fma(c3, s, c2) // a
			v.fma(c2, s, c1) // b
			v.fma(c1, s, c0)
			v.store(c0, mask, v.at(outputs[0], i))
			if slope {
				v.fma(c3, s, c2)
				v.fma(c2, s, c1)
				v.store(c1, mask, v.at(outputs[1], i))
			}
		}
	})
	for i, p := range outputs {
		v.MOVQ(next[i], p)
	}
	v.ADDQ(U32(4), at)
	v.ADDQ(U32(v.size), frac)
	v.DECQ(left)
	v.JMP(LabelRef("edge"))
	v.Label("done")
	v.end()
}
