package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func radial(ctx *build.Context) {
	writeMaskTable(ctx)
	ones := map[int]Mem{}
	for _, size := range []int{4, 8} {
		t := &table{ctx: ctx, size: size, base: ctx.StaticGlobal(fmt.Sprintf("splineF%d", 8*size))}
		ctx.DataAttributes(build.RODATA | build.NOPTR)
		ones[size] = t.value(1)
	}
	each(ctx, func(v *vector) { spline(v, ones[v.size], "spline", "evaluates cubic splines.", false) })
	each(ctx, func(v *vector) {
		spline(v, ones[v.size], "splineSlope", "evaluates cubic splines and their derivatives.", true)
	})
}

// spline implements
//
//	for e := range edges {
//		s, node := frac[e], table[at[e]*2*width:]
//		u := 1 - s
//		p := s * u
//		rise, start, end := s*s*(1+u+u), p*u, p*s
//		riseDot, startDot, endDot := 6*p, u*u-(p+p), s*s-(p+p)
//		for w := range width {
//			f, d, next := node[w], node[width+w], node[3*width+w]
//			step := node[2*width+w] - f
//			r[e*width+w] = FMA(-next, end, FMA(d, start, FMA(step, rise, f)))
//			dr[e*width+w] = FMA(next, endDot, FMA(d, startDot, step*riseDot)) // splineSlope
//		}
//	}
//
// Register plan: the factors, 3 or 6; f, step, d, next and the slope of two vectors, or f and step of
// four.
func spline(v *vector, one Mem, name, doc string, slope bool) {
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
	node, following := v.GP64(), v.GP64()
	v.MOVLQSX(Mem{Base: at}, node)
	v.IMULQ(row, node)
	v.ADDQ(node, node)
	v.ADDQ(v.argument("table"), node)
	v.LEAQ(Mem{Base: node, Index: row, Scale: 2}, following)
	h := newHermite(v, one, Mem{Base: frac}, slope)
	next := make([]reg.GPVirtual, len(outputs))
	for i, p := range outputs {
		next[i] = v.GP64()
		v.LEAQ(Mem{Base: p, Index: row, Scale: 1}, next[i])
	}
	width := v.integer("width", false)
	pointers := append([]reg.GPVirtual{node, following}, outputs...)
	unroll := 4
	if slope {
		unroll = 2
	}
	v.sweep("", width, unroll, pointers, func(_ string, count int, mask reg.Register) {
		for i := range count {
			f, step := v.register(), v.register()
			v.load(v.at(node, i), mask, f)
			v.load(v.at(following, i), mask, step)
			v.sub(f, step, step)
			v.fma(step, h.rise, f)
			startSlope, endSlope := Op(v.at(node, i).Idx(row, 1)), Op(v.at(following, i).Idx(row, 1))
			if slope || mask != nil {
				d, e := v.register(), v.register()
				v.load(startSlope.(Mem), mask, d)
				v.load(endSlope.(Mem), mask, e)
				startSlope, endSlope = d, e
			}
			v.fma(startSlope, h.start, f)
			v.fnma(endSlope, h.end, f)
			v.store(f, mask, v.at(outputs[0], i))
			if slope {
				v.mul(step, h.riseDot, step)
				v.fma(startSlope, h.startDot, step)
				v.fma(endSlope, h.endDot, step)
				v.store(step, mask, v.at(outputs[1], i))
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

// hermite are the factors of an edge in its cubic polynomial, in all lanes.
type hermite struct{ rise, start, end, riseDot, startDot, endDot reg.VecVirtual }

// newHermite computes them for the place frac; those of the slope only if that is wanted.
func newHermite(v *vector, one, frac Mem, slope bool) (h hermite) {
	s, u, p := v.register(), v.register(), v.register()
	v.broadcast(frac, s)
	v.broadcast(one, u)
	h.rise = v.register()
	v.move(u, h.rise)
	v.sub(s, u, u)
	v.mul(s, u, p)
	v.add(u, h.rise, h.rise)
	v.add(u, h.rise, h.rise)
	square := v.register()
	v.mul(s, s, square)
	v.mul(square, h.rise, h.rise)
	h.start, h.end = v.register(), v.register()
	v.mul(p, u, h.start)
	v.mul(p, s, h.end)
	if slope {
		v.add(p, p, p)
		h.startDot, h.endDot, h.riseDot = u, square, v.register()
		v.mul(u, u, u)
		v.sub(p, u, u)
		v.sub(p, square, square)
		v.add(p, p, h.riseDot)
		v.add(p, h.riseDot, h.riseDot)
	}
	return h
}
