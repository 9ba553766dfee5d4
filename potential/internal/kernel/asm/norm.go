package main

import (
	"github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func norm(ctx *build.Context) {
	writeMaskTable(ctx)
	tables := map[int]*normConstants{}
	for _, size := range []int{4, 8} {
		t := &table{ctx: ctx, size: size, base: ctx.StaticGlobal(map[int]string{4: "normF32", 8: "normF64"}[size])}
		ctx.DataAttributes(build.RODATA | build.NOPTR)
		tables[size] = &normConstants{epsilon: t.value(1e-5), one: t.value(1)}
	}
	each(ctx, func(v *vector) { normalize(v, tables[v.size]) })
	each(ctx, normalizeT)
}

// normConstants holds 1 and the epsilon of package kernel.
type normConstants struct{ epsilon, one Mem }

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
func normalize(v *vector, constants *normConstants) {
	v.function("normalize", "(xhat, rstd, x *T, rows, c int, share T)", "normalises rows of channels.")
	n := newNormLoop(v)
	xhat, rstd, x := v.pointer("xhat"), v.pointer("rstd"), v.pointer("x")
	n.rows(func() {
		sum := n.accumulate("mean", []reg.GPVirtual{x}, func(mask reg.Register, sum reg.VecVirtual) {
			value := v.register()
			v.load(Mem{Base: x}, mask, value)
			v.add(value, sum, sum)
		})
		mean := n.mean(sum)
		n.back(x)
		squares := n.accumulate("variance", []reg.GPVirtual{x, xhat}, func(mask reg.Register, sum reg.VecVirtual) {
			value := v.register()
			v.load(Mem{Base: x}, mask, value)
			v.sub(mean, value, value)
			v.store(value, mask, Mem{Base: xhat})
			if mask != nil { // lanes beyond the row
				v.load(Mem{Base: xhat}, mask, value)
			}
			v.fma(value, value, sum)
		})
		variance := n.mean(squares)
		v.add(constants.epsilon, variance, variance)
		v.precise(v.VSQRTPS, v.VSQRTPD, variance, variance)
		factor := v.register()
		v.move(constants.one, factor)
		v.div(variance, factor, factor)
		v.precise(v.VMOVSS, v.VMOVSD, factor.AsX(), Mem{Base: rstd})
		n.back(xhat)
		n.sweepRow("scale", []reg.GPVirtual{xhat}, func(mask reg.Register) {
			value := v.register()
			v.load(Mem{Base: xhat}, mask, value)
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
//		mean, along := sum(dxhat[r]) / c, sum(dxhat[r]∘xhat[r]) / c
//		dx[r] = rstd[r] * (dxhat[r] - mean - xhat[r]*along)
//	}
func normalizeT(v *vector) {
	v.function("normalizeT", "(dx, dxhat, xhat, rstd *T, rows, c int, share T)", "is the adjoint of normalize.")
	n := newNormLoop(v)
	dx, dxhat, xhat, rstd := v.pointer("dx"), v.pointer("dxhat"), v.pointer("xhat"), v.pointer("rstd")
	n.rows(func() {
		along := v.register()
		v.zero(along)
		sum := n.accumulate("sums", []reg.GPVirtual{dxhat, xhat}, func(mask reg.Register, sum reg.VecVirtual) {
			d, x := v.register(), v.register()
			v.load(Mem{Base: dxhat}, mask, d)
			v.load(Mem{Base: xhat}, mask, x)
			v.add(d, sum, sum)
			v.fma(d, x, along)
		})
		mean, slope := n.mean(sum), n.mean(along)
		factor := v.register()
		v.broadcast(Mem{Base: rstd}, factor)
		n.back(dxhat, xhat)
		n.sweepRow("scale", []reg.GPVirtual{dxhat, xhat, dx}, func(mask reg.Register) {
			d, x := v.register(), v.register()
			v.load(Mem{Base: dxhat}, mask, d)
			v.load(Mem{Base: xhat}, mask, x)
			v.sub(mean, d, d)
			v.fnma(x, slope, d)
			v.mul(factor, d, d)
			v.store(d, mask, Mem{Base: dx})
		})
		n.forth(dxhat, xhat, dx)
		v.ADDQ(U32(v.size), rstd)
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

// accumulate sweeps a row with a sum that starts from zero.
func (n *normLoop) accumulate(name string, pointers []reg.GPVirtual, body func(mask reg.Register, sum reg.VecVirtual)) reg.VecVirtual {
	sum := n.register()
	n.zero(sum)
	n.sweepRow(name, pointers, func(mask reg.Register) { body(mask, sum) })
	return sum
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
