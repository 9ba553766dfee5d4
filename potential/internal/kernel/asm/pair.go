package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func pair(ctx *build.Context) {
	for degree := 1; degree <= mostDegrees; degree++ {
		each(ctx, func(v *vector) { bonds(v, degree) })
	}
}

// bonds implements, for a fixed degree and for whole registers of channels,
//
//	for e := range edges {
//		hj, mj := xh[ih[e]*atomH:], xm[im[e]*atomM:]
//		var g [3]T
//		var s T
//		for k := range c {
//			var moments [degree+1]T
//			for a := range half {
//				b := a + half // opposite
//				ta := mj[a,k]*h[a,k] + m[b,k]*hj[b,k]
//				tb := mj[b,k]*h[b,k] + m[a,k]*hj[a,k]
//				even, odd := ta+tb, ta-tb
//				// P'_l has the parity of l-1
//				q := odd * Σ_{l odd} dp[e,l-1,a]*r[e,l,k] + even * Σ_{l even} dp[e,l-1,a]*r[e,l,k]
//				g += q * grid[a]
//				moments[l] += P_l * (even or odd, as l is)
//			}
//			s += Σ_l dr[e,l,k]*moments[l]
//		}
//		out[e] = g, s
//	}
//
// h and hj have rows of orientation elements, or one row for all orientations.
//
// Register plan: 3 for g, 1 for s, degree+1 for the moments, degree for r, which
// AVX2 keeps on the stack if there are more than two, 5 temporaries; dr from
// memory.
func bonds(v *vector, degree int) {
	v.function(fmt.Sprintf("pair%d", degree),
		"(out, r, dr, p, dp, h, m, xh, xm, grid *T, ih, im *int32, edges, half, c, stride, atomH, atomM, orientation int)",
		fmt.Sprintf("differentiates bonds with kernels of degree %d.", degree))
	b := &pairLoop{vector: v, degree: degree}
	b.row, b.step, b.points = v.integer("stride", true), v.integer("orientation", true), v.integer("half", true)
	b.edge, b.at = v.AllocLocal(8), v.AllocLocal(8)
	b.hj, b.mj = v.AllocLocal(8), v.AllocLocal(8)
	b.halfRow, b.halfStep = v.integer("half", false), v.integer("half", false)
	v.IMULQ(b.row, b.halfRow)
	v.IMULQ(b.step, b.halfStep)
	for _, name := range []string{"r", "dr", "p", "dp", "out"} {
		place := v.AllocLocal(8)
		v.MOVQ(v.pointer(name), place)
		b.places = append(b.places, place)
	}
	if v.bytes == 32 && degree > 2 {
		for range degree + 1 {
			b.stack = append(b.stack, v.AllocLocal(v.bytes))
		}
	}
	v.MOVQ(U32(0), b.edge)
	v.Label("edge")
	e := v.GP64()
	v.MOVQ(b.edge, e)
	v.CMPQ(e, v.argument("edges"))
	v.JGE(LabelRef("done"))
	b.one()
	v.INCQ(b.edge)
	v.JMP(LabelRef("edge"))
	v.Label("done")
	v.end()
}

type pairLoop struct {
	*vector
	degree            int
	row, step, points reg.GPVirtual // bytes: stride of channels, of orientations in h, of p
	halfRow, halfStep reg.GPVirtual // bytes to the opposite orientation
	edge, at          Mem           // edge, bytes of the register of channels
	hj, mj            Mem           // of the neighbour
	places            []Mem         // r, dr, p, dp and out of the edge
	stack             []Mem         // [degree] r, where there are no registers for it
}

// one does one edge.
func (b *pairLoop) one() {
	g, s := b.registers(3), b.register()
	for _, r := range append(g, s) {
		b.zero(r)
	}
	b.neighbor("ih", "xh", "atomH", b.hj)
	b.neighbor("im", "xm", "atomM", b.mj)
	b.MOVQ(U32(0), b.at)
	b.Label("channels")
	at := b.GP64()
	b.MOVQ(b.at, at)
	h, m := b.pointer("h"), b.pointer("m")
	b.ADDQ(at, h)
	b.ADDQ(at, m)
	hj, mj := b.GP64(), b.GP64()
	b.MOVQ(b.hj, hj)
	b.MOVQ(b.mj, mj)
	b.ADDQ(at, hj)
	b.ADDQ(at, mj)
	p, dp, grid := b.GP64(), b.GP64(), b.pointer("grid")
	b.MOVQ(b.places[2], p)
	b.MOVQ(b.places[3], dp)
	r := b.GP64()
	b.MOVQ(b.places[0], r)
	b.ADDQ(at, r)
	radial := make([]Op, b.degree+1) // from l = 1
	for l := 1; l <= b.degree; l++ {
		value := b.register()
		b.ADDQ(b.row, r)
		b.move(Mem{Base: r}, value)
		radial[l] = value
		if b.stack != nil {
			radial[l] = b.stack[l]
			b.move(value, b.stack[l])
		}
	}
	moments := b.registers(b.degree + 1)
	for _, r := range moments {
		b.zero(r)
	}
	half := b.GP64()
	b.MOVQ(b.points, half)
	b.SHRQ(U8(b.shift()), half)
	b.Label("orientation")
	ta, tb, even := b.register(), b.register(), b.register()
	b.move(Mem{Base: mj}, ta)
	b.mul(Mem{Base: h}, ta, ta)
	b.move(Mem{Base: m, Index: b.halfRow, Scale: 1}, even)
	b.fma(Mem{Base: hj, Index: b.halfStep, Scale: 1}, even, ta)
	b.move(Mem{Base: mj, Index: b.halfRow, Scale: 1}, tb)
	b.mul(Mem{Base: h, Index: b.halfStep, Scale: 1}, tb, tb)
	b.move(Mem{Base: m}, even)
	b.fma(Mem{Base: hj}, even, tb)
	b.add(ta, tb, even)
	odd := ta
	b.sub(tb, ta, odd)

	// q in tb
	q := tb
	b.mul(radial[1], odd, q) // P'_1 = 1
	b.slopes(dp, 3, radial, odd, q)
	b.slopes(dp, 2, radial, even, q)
	for k, r := range g {
		m := Mem{Base: grid}
		if k > 0 {
			m = m.Idx(b.points, uint8(k))
		}
		o := b.register()
		b.broadcast(m, o)
		b.fma(o, q, r)
	}
	b.add(even, moments[0], moments[0])
	for l := 1; l <= b.degree; l++ {
		value := b.register()
		b.broadcast(b.angle(p, l), value)
		if l%2 == 0 {
			b.fma(value, even, moments[l])
		} else {
			b.fma(value, odd, moments[l])
		}
	}
	b.ADDQ(b.row, m)
	b.ADDQ(b.row, mj)
	b.ADDQ(b.step, h)
	b.ADDQ(b.step, hj)
	for _, pointer := range []reg.GPVirtual{p, dp, grid} {
		b.ADDQ(U32(b.size), pointer)
	}
	b.DECQ(half)
	b.JNZ(LabelRef("orientation"))

	dr := b.GP64()
	b.MOVQ(b.places[1], dr)
	b.ADDQ(b.at, dr)
	for l, moment := range moments {
		if l > 0 {
			b.ADDQ(b.row, dr)
		}
		b.fma(Mem{Base: dr}, moment, s)
	}
	next := b.GP64()
	b.MOVQ(b.at, next)
	b.ADDQ(U32(b.bytes), next)
	b.MOVQ(next, b.at)
	b.SHRQ(U8(b.shift()), next)
	b.CMPQ(next, b.argument("c"))
	b.JLT(LabelRef("channels"))

	out := b.GP64()
	b.MOVQ(b.places[4], out)
	b.storeTotals(out, [4]reg.VecVirtual{g[0], g[1], g[2], s})
	b.ADDQ(U32(4*b.size), b.places[4])
	for range b.degree + 1 {
		b.ADDQ(b.row, b.places[0])
		b.ADDQ(b.row, b.places[1])
	}
	for range b.degree {
		b.ADDQ(b.points, b.places[2])
		b.ADDQ(b.points, b.places[3])
	}
}

// neighbor writes the address of the neighbour's features.
func (b *pairLoop) neighbor(index, base, atom string, to Mem) {
	p, e := b.pointer(index), b.GP64()
	b.MOVQ(b.edge, e)
	b.MOVLQSX(Mem{Base: p, Index: e, Scale: 4}, p)
	b.IMULQ(b.argument(atom), p)
	b.SHLQ(U8(b.shift()), p)
	b.ADDQ(b.argument(base), p)
	b.MOVQ(p, to)
}

// slopes adds to q the terms l = first, first+2, … : T·P'_l·R_l.
func (b *pairLoop) slopes(dp reg.GPVirtual, first int, radial []Op, t, q reg.VecVirtual) {
	if first > b.degree {
		return
	}
	sum := b.register()
	b.broadcast(b.angle(dp, first), sum)
	b.mul(radial[first], sum, sum)
	for l := first + 2; l <= b.degree; l += 2 {
		value := b.register()
		b.broadcast(b.angle(dp, l), value)
		b.fma(radial[l], value, sum)
	}
	b.fma(t, sum, q)
}

// angle addresses the value of degree l at the present orientation.
func (b *pairLoop) angle(p reg.GPVirtual, l int) Mem {
	m := Mem{Base: p}
	switch l {
	case 2:
		return m.Idx(b.points, 1)
	case 3:
		return m.Idx(b.points, 2)
	case 4:
		third := b.GP64()
		b.LEAQ(Mem{Base: p, Index: b.points, Scale: 2}, third)
		return Mem{Base: third, Index: b.points, Scale: 1}
	}
	return m
}

// storeTotals adds the lanes of each register and stores the four totals.
func (v *vector) storeTotals(to reg.GPVirtual, r [4]reg.VecVirtual) {
	if v.bytes == 64 {
		for _, x := range r {
			upper := v.YMM()
			v.VEXTRACTF64X4(U8(1), x, upper)
			v.add(upper, x.AsY(), x.AsY())
		}
	}
	first, second := v.YMM(), v.YMM()
	v.addPairs(r[1].AsY(), r[0].AsY(), first)
	v.addPairs(r[3].AsY(), r[2].AsY(), second)
	if v.size == 4 {
		v.addPairs(second, first, first)
	}
	// one half has the sums of the lower lanes, the other those of the upper
	for i, sums := range []reg.VecVirtual{first, second}[:v.size/4] {
		upper := v.XMM()
		v.VEXTRACTF128(U8(1), sums, upper)
		v.add(upper, sums.AsX(), upper)
		v.precise(v.VMOVUPS, v.VMOVUPD, upper, Mem{Base: to, Disp: 16 * i})
	}
}

// addPairs adds neighbouring lanes, those of b first, half by half.
func (v *vector) addPairs(a, b, sums Op) {
	if v.size == 4 {
		v.VHADDPS(a, b, sums)
	} else {
		v.VHADDPD(a, b, sums)
	}
}
