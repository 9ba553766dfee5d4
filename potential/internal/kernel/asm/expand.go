package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"ponita/potential/internal/harmonics"
)

// expandDegrees is the highest degree for which there is assembly.
const expandDegrees = 2

func expand(ctx *build.Context) {
	for degree := 1; degree <= expandDegrees; degree++ {
		each(ctx, func(v *vector) { expansion(v, degree) })
		each(ctx, func(v *vector) { expansionPair(v, degree) })
	}
}

// expansion implements, for a fixed degree and for whole registers of channels,
//
//	for i := range c {
//		sums := m[0:count, i]
//		for e := range edges {
//			for l := range degree + 1 {
//				t := r[e,l,i] * x[index[e]*atom+i]
//				for k of degree l {
//					sums[k] = FMA(y[e,k], t, sums[k])
//				}
//			}
//		}
//		m[0:count, i] = sums
//	}
//
// Register plan: (degree+1)² sums, x, the product and y.
func expansion(v *vector, degree int) {
	v.function(fmt.Sprintf("expand%d", degree), "(m, r, y, x *T, index *int32, edges, c, stride, atom int)",
		fmt.Sprintf("adds up messages in harmonics up to degree %d.", degree))
	count := harmonics.Count(degree)
	row, atom, left, at := v.integer("stride", true), v.integer("atom", true), v.integer("c", false), v.GP64()
	v.XORQ(at, at)
	v.Label("channels")
	sums := v.registers(count)
	each := func(visit func(sum reg.VecVirtual, place Mem)) {
		m := v.pointer("m")
		for k, sum := range sums {
			if k > 0 {
				v.ADDQ(row, m)
			}
			visit(sum, Mem{Base: m, Index: at, Scale: 1})
		}
	}
	each(func(sum reg.VecVirtual, place Mem) { v.move(place, sum) })
	r, y, index, edges := v.pointer("r"), v.pointer("y"), v.pointer("index"), v.integer("edges", false)
	v.ADDQ(at, r)
	v.Label("edge")
	x, features := v.GP64(), v.register()
	v.MOVLQSX(Mem{Base: index}, x)
	v.IMULQ(atom, x)
	v.ADDQ(v.argument("x"), x)
	v.move(Mem{Base: x, Index: at, Scale: 1}, features)
	for l := range degree + 1 {
		product := v.register()
		v.mul(Mem{Base: r}, features, product)
		v.ADDQ(row, r)
		if l == 0 { // Y_0 = 1
			v.add(product, sums[0], sums[0])
			continue
		}
		for k := harmonics.Count(l - 1); k < harmonics.Count(l); k++ {
			value := v.register()
			v.broadcast(Mem{Base: y, Disp: k * v.size}, value)
			v.fma(value, product, sums[k])
		}
	}
	v.ADDQ(U32(count*v.size), y)
	v.ADDQ(U32(4), index)
	v.DECQ(edges)
	v.JNZ(LabelRef("edge"))
	each(func(sum reg.VecVirtual, place Mem) { v.move(sum, place) })
	v.ADDQ(U32(v.bytes), at)
	v.SUBQ(U32(v.lanes()), left)
	v.JNZ(LabelRef("channels"))
	v.end()
}

// expansionPair implements, for a fixed degree and for whole registers of channels,
//
//	for e := range edges {
//		var total [4]T
//		for i := range c {
//			xj, x := xx[ix[e]*atomX+i], x[i]
//			for l := range degree + 1 {
//				var q [4]T
//				for k of degree l {
//					t := dm[k,i]*xj ± dmj[k,i]*x
//					q = FMA(y[e,k], t, q)
//				}
//				total[:3] += r[e,l,i] * q[1:]
//				total[3] += dr[e,l,i] * q[0]
//			}
//		}
//		out[e] = total
//	}
//
// Register plan: 4 totals, 4 for q, x and x_j, 2 temporaries.
func expansionPair(v *vector, degree int) {
	v.function(fmt.Sprintf("expandPair%d", degree),
		"(out, r, dr, y, x, dm, xx, xdm *T, ix, im *int32, edges, c, stride, atomX, atomM int)",
		fmt.Sprintf("differentiates bonds of messages in harmonics up to degree %d.", degree))
	count := harmonics.Count(degree)
	row, y, edge := v.integer("stride", true), v.pointer("y"), v.GP64()
	r, dr, out := v.pointer("r"), v.pointer("dr"), v.pointer("out")
	v.XORQ(edge, edge)
	v.Label("edge")
	xj, mj := v.neighborRow(edge, "ix", "xx", "atomX"), v.neighborRow(edge, "im", "xdm", "atomM")
	var totals [4]reg.VecVirtual
	for d := range totals {
		totals[d] = v.register()
		v.zero(totals[d])
	}
	at := v.GP64()
	v.XORQ(at, at)
	v.Label("channels")
	p, pj, radial, slope := v.pointer("dm"), v.GP64(), v.GP64(), v.GP64()
	v.MOVQ(mj, pj)
	v.MOVQ(r, radial)
	v.MOVQ(dr, slope)
	for _, pointer := range []reg.GPVirtual{p, pj, radial, slope} {
		v.ADDQ(at, pointer)
	}
	center, features := v.pointer("x"), [2]reg.VecVirtual{v.register(), v.register()}
	v.move(Mem{Base: center, Index: at, Scale: 1}, features[0])
	v.move(Mem{Base: xj, Index: at, Scale: 1}, features[1])
	for l := range degree + 1 {
		var q [4]reg.VecVirtual
		for k := harmonics.Count(l - 1); k < harmonics.Count(l); k++ {
			t := v.register()
			v.mul(Mem{Base: p}, features[1], t)
			if l%2 == 0 {
				v.fma(Mem{Base: pj}, features[0], t)
			} else {
				v.fnma(Mem{Base: pj}, features[0], t)
			}
			v.ADDQ(row, p)
			v.ADDQ(row, pj)
			if l == 0 { // Y_0 = 1
				q[0] = t
				continue
			}
			for d := range q {
				value := v.register()
				v.broadcast(Mem{Base: y, Disp: (4*k + d) * v.size}, value)
				if k == harmonics.Count(l-1) {
					q[d] = value
					v.mul(t, value, value)
				} else {
					v.fma(t, value, q[d])
				}
			}
		}
		v.fma(Mem{Base: slope}, q[0], totals[3])
		for d := range 3 {
			if l > 0 {
				v.fma(Mem{Base: radial}, q[1+d], totals[d])
			}
		}
		v.ADDQ(row, radial)
		v.ADDQ(row, slope)
	}
	v.ADDQ(U32(v.bytes), at)
	end := v.GP64()
	v.MOVQ(at, end)
	v.SHRQ(U8(v.shift()), end)
	v.CMPQ(end, v.argument("c"))
	v.JLT(LabelRef("channels"))

	v.storeTotals(out, totals)
	v.ADDQ(U32(4*v.size), out)
	v.ADDQ(U32(4*count*v.size), y)
	for range degree + 1 {
		v.ADDQ(row, r)
		v.ADDQ(row, dr)
	}
	v.INCQ(edge)
	v.CMPQ(edge, v.argument("edges"))
	v.JLT(LabelRef("edge"))
	v.end()
}
