package main

import (
	"github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func norm(ctx *build.Context) {
	writeMaskTable(ctx)
	ones := map[int]Mem{}
	for _, size := range []int{4, 8} {
		t := &table{ctx: ctx, size: size, base: ctx.StaticGlobal(map[int]string{4: "normF32", 8: "normF64"}[size])}
		ctx.DataAttributes(build.RODATA | build.NOPTR)
		ones[size] = t.value(1)
	}
	each(ctx, func(v *vector) { normalize(v, ones[v.size]) })
	each(ctx, normalizeT)
	each(ctx, normalizeGrad)
}

// normalize implements
//
//	for r := range rows {
//		mean := sum(x[r]) / c
//		xhat[r] = x[r] - mean
//		rstd[r] = 1 / sqrt(sum(xhat[r]∘xhat[r])/c + epsilon)
//		xhat[r] *= rstd[r]
//	}
//
// Register plan: a sum, the mean or rstd, 1/c, temporaries.
func normalize(v *vector, one Mem) {
	v.function("normalize", "(xhat, rstd, x *T, rows, c int, share, epsilon T)", "normalises rows of channels.")
	n := newNormLoop(v)
	xhat, rstd, x := v.pointer("xhat"), v.pointer("rstd"), v.pointer("x")
	epsilon := v.argument("epsilon")
	n.rows(func() {
		mean := n.mean(n.accumulate("mean", 1, []reg.GPVirtual{x}, func(mask reg.Register, sums []reg.VecVirtual) {
			v.add(n.value(x, mask), sums[0], sums[0])
		})[0])
		n.back(x)
		variance := n.mean(n.accumulate("variance", 1, []reg.GPVirtual{x, xhat}, func(mask reg.Register, sums []reg.VecVirtual) {
			value := n.value(x, mask)
			v.sub(mean, value, value)
			v.store(value, mask, Mem{Base: xhat})
			if mask != nil { // lanes beyond the row
				v.load(Mem{Base: xhat}, mask, value)
			}
			v.fma(value, value, sums[0])
		})[0])
		factor := v.register()
		v.broadcast(epsilon, factor)
		v.add(factor, variance, variance)
		v.precise(v.VSQRTPS, v.VSQRTPD, variance, variance)
		v.move(one, factor)
		v.div(variance, factor, factor)
		v.precise(v.VMOVSS, v.VMOVSD, factor.AsX(), Mem{Base: rstd})
		n.back(xhat)
		n.sweepRow("scale", []reg.GPVirtual{xhat}, func(mask reg.Register) {
			value := n.value(xhat, mask)
			v.mul(factor, value, value)
			v.store(value, mask, Mem{Base: xhat})
		})
		n.forth(x, xhat)
		v.ADDQ(U32(v.size), rstd)
	})
	v.end()
}

// normalizeT implements
//
//	for r := range rows {
//		mean, along := sum(v[r]) / c, sum(v[r]∘xhat[r]) / c
//		slope[r] = along // unless slope is nil
//		y[r] = rstd[r] * (v[r] - mean - xhat[r]*along)
//	}
func normalizeT(v *vector) {
	v.function("normalizeT", "(y, slope, v, xhat, rstd *T, rows, c int, share T)", "is the adjoint and the tangent of normalize.")
	n := newNormLoop(v)
	y, slope, in, xhat, rstd := v.pointer("y"), v.pointer("slope"), v.pointer("v"), v.pointer("xhat"), v.pointer("rstd")
	n.rows(func() {
		sums := n.accumulate("sums", 2, []reg.GPVirtual{in, xhat}, func(mask reg.Register, sums []reg.VecVirtual) {
			d := n.value(in, mask)
			v.add(d, sums[0], sums[0])
			v.fma(d, n.value(xhat, mask), sums[1])
		})
		mean, along := n.mean(sums[0]), n.mean(sums[1])
		v.unlessNil("row", "slope", func() {
			v.precise(v.VMOVSS, v.VMOVSD, along.AsX(), Mem{Base: slope})
		})
		factor := v.register()
		v.broadcast(Mem{Base: rstd}, factor)
		n.back(in, xhat)
		n.sweepRow("scale", []reg.GPVirtual{in, xhat, y}, func(mask reg.Register) {
			d := n.value(in, mask)
			v.sub(mean, d, d)
			v.fnma(n.value(xhat, mask), along, d)
			v.mul(factor, d, d)
			v.store(d, mask, Mem{Base: y})
		})
		n.forth(in, xhat, y)
		v.ADDQ(U32(v.size), rstd)
		v.ADDQ(U32(v.size), slope)
	})
	v.end()
}

// normalizeGrad implements
//
//	for r := range rows {
//		m, s := sum(d[r]) / c, sum(d[r]∘xhat[r]) / c
//		ma, sa, ta := sum(dDot[r]) / c, sum(dDot[r]∘xhat[r]) / c, sum(dDot[r]∘xhatDot[r]) / c
//		a := dDot[r] - ma - xhat[r]*sa
//		b := rstd[r]*slope[r]*a + xhatDot[r]*sa + xhat[r]*ta
//		dx[r] = rstd[r] * (d[r] - m - xhat[r]*s - b)
//	}
func normalizeGrad(v *vector) {
	v.function("normalizeGrad", "(dx, xhat, rstd, xhatDot, slope, d, dDot *T, rows, c int, share T)",
		"is the adjoint of normalize and its tangent.")
	n := newNormLoop(v)
	dx, xhat, rstd, xhatDot := v.pointer("dx"), v.pointer("xhat"), v.pointer("rstd"), v.pointer("xhatDot")
	slope, d, dDot := v.pointer("slope"), v.pointer("d"), v.pointer("dDot")
	n.rows(func() {
		inputs := []reg.GPVirtual{d, dDot, xhat, xhatDot}
		sums := n.accumulate("sums", 5, inputs, func(mask reg.Register, sums []reg.VecVirtual) {
			x, late, early := n.value(xhat, mask), n.value(d, mask), n.value(dDot, mask)
			v.add(late, sums[0], sums[0])
			v.fma(late, x, sums[1])
			v.add(early, sums[2], sums[2])
			v.fma(early, x, sums[3])
			v.fma(early, n.value(xhatDot, mask), sums[4])
		})
		m, s, ma, sa, ta := n.mean(sums[0]), n.mean(sums[1]), n.mean(sums[2]), n.mean(sums[3]), n.mean(sums[4])
		factor, tilt := v.register(), v.register()
		v.broadcast(Mem{Base: rstd}, factor)
		v.broadcast(Mem{Base: slope}, tilt)
		v.mul(factor, tilt, tilt)
		n.back(inputs...)
		n.sweepRow("scale", append(inputs, dx), func(mask reg.Register) {
			x, out, a := n.value(xhat, mask), n.value(d, mask), n.value(dDot, mask)
			v.sub(ma, a, a)
			v.fnma(x, sa, a)
			v.sub(m, out, out)
			v.fnma(x, s, out)
			v.fnma(tilt, a, out)
			v.fnma(n.value(xhatDot, mask), sa, out)
			v.fnma(x, ta, out)
			v.mul(factor, out, out)
			v.store(out, mask, Mem{Base: dx})
		})
		n.forth(append(inputs, dx)...)
		v.ADDQ(U32(v.size), rstd)
		v.ADDQ(U32(v.size), slope)
	})
	v.end()
}

// normLoop is the state of a loop over rows.
type normLoop struct {
	*vector
	share      Mem // 1/c
	whole, row Mem // bytes of the whole registers of a row, and of the row
	left       Mem // rows
}

func newNormLoop(v *vector) *normLoop {
	n := &normLoop{vector: v, share: v.argument("share"), whole: v.AllocLocal(8), row: v.AllocLocal(8), left: v.AllocLocal(8)}
	c := v.integer("c", true)
	v.MOVQ(c, n.row)
	v.ANDQ(I32(-v.bytes), c)
	v.MOVQ(c, n.whole)
	v.MOVQ(v.integer("rows", false), n.left)
	return n
}

func (n *normLoop) rows(body func()) {
	n.Label("row")
	n.CMPQ(n.left, U32(0))
	n.JLE(LabelRef("done"))
	body()
	n.DECQ(n.left)
	n.JMP(LabelRef("row"))
	n.Label("done")
}

// sweepRow goes through a row; the pointers stay at its last, incomplete register.
func (n *normLoop) sweepRow(name string, pointers []reg.GPVirtual, body func(mask reg.Register)) {
	n.sweep(name, n.integer("c", false), 1, pointers, func(_ string, _ int, mask reg.Register) { body(mask) })
}

// accumulate sweeps a row with sums that start from zero.
func (n *normLoop) accumulate(name string, count int, pointers []reg.GPVirtual, body func(mask reg.Register, sums []reg.VecVirtual)) []reg.VecVirtual {
	sums := n.registers(count)
	for _, sum := range sums {
		n.zero(sum)
	}
	n.sweepRow(name, pointers, func(mask reg.Register) { body(mask, sums) })
	return sums
}

// value loads from a row.
func (n *normLoop) value(p reg.GPVirtual, mask reg.Register) reg.VecVirtual {
	r := n.register()
	n.load(Mem{Base: p}, mask, r)
	return r
}

// mean returns the sum of the lanes over c, in all lanes.
func (n *normLoop) mean(sum reg.VecVirtual) reg.VecVirtual {
	total := n.total(sum)
	n.precise(n.VMULSS, n.VMULSD, n.share, total, total)
	out := n.register()
	n.broadcast(total, out)
	return out
}

// back moves pointers to the start of the row, forth to the next one.
func (n *normLoop) back(pointers ...reg.GPVirtual) {
	for _, p := range pointers {
		n.SUBQ(n.whole, p)
	}
}

func (n *normLoop) forth(pointers ...reg.GPVirtual) {
	for _, p := range pointers {
		n.SUBQ(n.whole, p)
		n.ADDQ(n.row, p)
	}
}
