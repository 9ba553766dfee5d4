package main

import (
	"fmt"
	"slices"

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
//		for a := range half {
//			b := a + half // opposite
//			var total T
//			for k := range c {
//				ta := mj[a,k]*h[a,k] + m[b,k]*hj[b,k]
//				tb := mj[b,k]*h[b,k] + m[a,k]*hj[a,k]
//				even, odd := ta+tb, ta-tb
//				// P'_l has the parity of l-1
//				total += odd * Σ_{l odd} dp[e,l-1,a]*r[e,l,k] + even * Σ_{l even} dp[e,l-1,a]*r[e,l,k]
//				s += odd * Σ_{l odd} p[e,l-1,a]*dr[e,l,k] + even * Σ_{l even} p[e,l-1,a]*dr[e,l,k]
//			}
//			g += total * grid[a]
//		}
//		out[e] = g, s
//	}
//
// h and hj have rows of orientation elements, or one row for all orientations.
//
// Register plan: 3 for g, 2 for s (even and odd), 1 for the total, 5 temporaries, and
// P_l and P'_l of the orientation, which AVX2 keeps on the stack if there are more than
// three; r and dr from memory.
func bonds(v *vector, degree int) {
	v.function(fmt.Sprintf("pair%d", degree),
		"(out, r, dr, p, dp, h, m, xh, xm, grid *T, ih, im *int32, edges, half, c, stride, atomH, atomM, orientation int)",
		fmt.Sprintf("differentiates bonds with kernels of degree %d.", degree))
	b := &pairLoop{vector: v, degree: degree}
	b.row, b.step, b.points = v.integer("stride", true), v.integer("orientation", true), v.integer("half", true)
	b.halfRow, b.halfStep = v.integer("half", false), v.integer("half", false)
	b.IMULQ(b.row, b.halfRow)
	b.IMULQ(b.step, b.halfStep)
	for _, local := range []*Mem{&b.edge, &b.angle, &b.h, &b.m, &b.hj, &b.mj} {
		*local = v.AllocLocal(8)
	}
	for _, name := range []string{"r", "dr", "p", "dp", "out"} {
		place := v.AllocLocal(8)
		v.MOVQ(v.pointer(name), place)
		b.places = append(b.places, place)
	}
	if v.bytes == 32 && degree > 2 {
		for range 2*degree - 1 {
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
	edge, angle       Mem           // edge; bytes of the orientation in p, dp and grid
	h, m, hj, mj      Mem           // the orientation's rows
	places            []Mem         // r, dr, p, dp and out of the edge
	stack             []Mem         // P and P', where there are no registers for them
}

// one does one edge.
func (b *pairLoop) one() {
	g, s := b.registers(3), b.registers(2)
	for _, r := range append(g, s...) {
		b.zero(r)
	}
	e, last := b.GP64(), b.GP64()
	b.MOVQ(b.edge, e)
	b.MOVQ(b.neighborRow(e, "ih", "xh", "atomH"), b.hj)
	b.MOVQ(b.neighborRow(e, "im", "xm", "atomM"), b.mj)
	b.MOVQ(b.argument("edges"), last)
	b.DECQ(last)
	b.INCQ(e)
	b.CMPQ(e, last)
	b.CMOVQGT(last, e)
	b.prefetch(b.neighborRow(e, "ih", "xh", "atomH"), b.halfStep)
	b.prefetch(b.neighborRow(e, "im", "xm", "atomM"), b.halfRow)
	b.MOVQ(b.pointer("h"), b.h)
	b.MOVQ(b.pointer("m"), b.m)
	b.MOVQ(U32(0), b.angle)
	b.Label("orientation")
	total := b.register()
	b.zero(total)
	angle := b.GP64()
	b.MOVQ(b.angle, angle)
	p, dp := b.polynomials(b.places[2], angle, 1), b.polynomials(b.places[3], angle, 2)
	h, m, hj, mj := b.GP64(), b.GP64(), b.GP64(), b.GP64()
	for _, x := range []struct {
		local   Mem
		pointer reg.GPVirtual
		row     reg.GPVirtual
	}{{b.h, h, b.step}, {b.m, m, b.row}, {b.hj, hj, b.step}, {b.mj, mj, b.row}} {
		b.MOVQ(x.local, x.pointer)
		b.ADDQ(x.row, x.local)
	}
	r, dr := b.rows(b.places[0], 1), b.rows(b.places[1], 0)
	left := b.integer("c", true)

	b.Label("channels")
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

	q := tb
	b.mul(r.at(1), odd, q) // P'_1 = 1
	for l := 2; l <= b.degree; l++ {
		value := b.register()
		b.mul(r.at(l), b.held(dp[l]), value)
		b.fma(value, []reg.VecVirtual{even, odd}[l%2], q)
	}
	b.add(q, total, total)
	sums := b.registers(2)
	b.move(dr.at(0), sums[0])
	b.mul(dr.at(1), b.held(p[1]), sums[1])
	for l := 2; l <= b.degree; l++ {
		b.fma(dr.at(l), b.held(p[l]), sums[l%2])
	}
	b.fma(sums[0], even, s[0])
	b.fma(sums[1], odd, s[1])
	for _, pointer := range slices.Concat([]reg.GPVirtual{h, m, hj, mj}, r.pointers, dr.pointers) {
		b.ADDQ(U32(b.bytes), pointer)
	}
	b.SUBQ(U32(b.bytes), left)
	b.JNZ(LabelRef("channels"))

	grid := b.pointer("grid")
	b.MOVQ(b.angle, angle)
	b.ADDQ(angle, grid)
	for k, r := range g {
		m := Mem{Base: grid}
		if k > 0 {
			m = m.Idx(b.points, uint8(k))
		}
		o := b.register()
		b.broadcast(m, o)
		b.fma(o, total, r)
	}
	b.ADDQ(U32(b.size), angle)
	b.MOVQ(angle, b.angle)
	b.CMPQ(angle, b.points)
	b.JLT(LabelRef("orientation"))

	b.add(s[1], s[0], s[0])
	out := b.GP64()
	b.MOVQ(b.places[4], out)
	b.storeTotals(out, [4]reg.VecVirtual{g[0], g[1], g[2], s[0]})
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

// prefetch fetches where the halves of the next neighbour's row begin, which in a large
// system lie beyond the second-level cache. The processor goes on by itself.
func (b *pairLoop) prefetch(row, half reg.GPVirtual) {
	for line := range 4 {
		b.PREFETCHT0(Mem{Base: row, Disp: line * cacheLine})
		b.PREFETCHT0(Mem{Base: row, Index: half, Scale: 1, Disp: line * cacheLine})
	}
}

// cacheLine is its size in bytes.
const cacheLine = 64

// neighborRow returns the address of the row in base of an edge's neighbour: the arguments
// name the indices, the rows and their distance in elements.
func (v *vector) neighborRow(edge reg.GPVirtual, index, base, atom string) reg.GPVirtual {
	p := v.pointer(index)
	v.MOVLQSX(Mem{Base: p, Index: edge, Scale: 4}, p)
	v.IMULQ(v.argument(atom), p)
	v.SHLQ(U8(v.shift()), p)
	v.ADDQ(v.argument(base), p)
	return p
}

// polynomials broadcasts the values of degrees from first on at the orientation.
func (b *pairLoop) polynomials(place Mem, angle reg.GPVirtual, first int) []Op {
	row := b.GP64()
	b.MOVQ(place, row)
	b.ADDQ(angle, row)
	out := make([]Op, b.degree+1)
	for l := 1; l <= b.degree; l++ {
		if l >= first {
			value := b.register()
			b.broadcast(Mem{Base: row}, value)
			out[l] = value
			if b.stack != nil {
				slot := b.stack[l-1]
				if first > 1 {
					slot = b.stack[b.degree+l-2]
				}
				b.move(value, slot)
				out[l] = slot
			}
		}
		b.ADDQ(b.points, row)
	}
	return out
}

// held returns a register with what polynomials has returned.
func (b *pairLoop) held(value Op) Op {
	if b.stack == nil {
		return value
	}
	r := b.register()
	b.move(value, r)
	return r
}

// radialRows address the rows of R or dR/ds of an edge, three by each pointer.
type radialRows struct {
	row      reg.GPVirtual
	first    int
	pointers []reg.GPVirtual
}

// rows returns those of degrees from first on.
func (b *pairLoop) rows(place Mem, first int) radialRows {
	x := radialRows{row: b.row, first: first}
	for l := first; l <= b.degree; l += 3 {
		p := b.GP64()
		b.MOVQ(place, p)
		for range l {
			b.ADDQ(b.row, p)
		}
		x.pointers = append(x.pointers, p)
	}
	return x
}

func (x radialRows) at(l int) Mem {
	m := Mem{Base: x.pointers[(l-x.first)/3]}
	if k := (l - x.first) % 3; k > 0 {
		m = m.Idx(x.row, uint8(k)) // 1 or 2
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
