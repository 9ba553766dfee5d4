package main

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// dots implements a·bᵀ for b of a few rows, where packing b would cost as much
// as the product:
//
//	for i := range m {
//		for j := range n {
//			sum := dot(a[i*k:][:k], b[j*k:][:k])
//			if accumulate {
//				sum += c[i*n+j]
//			}
//			c[i*n+j] = sum
//		}
//	}
//
// A sum has one chain of FMAs per lane, added pairwise at the end. The tile is
// two rows of a by four of b, then one row by four. Beyond the last row of b its
// pointers stay there, and a mask keeps the result out of c.
//
// Register plan: 8 sums, 4 for b, 2 for a, 1 mask of columns, 1 mask of the
// tail of k.
func dots(v *vector) {
	v.function("dots", "(c, a, b *T, m, k, n int, accumulate bool)",
		"computes c = a·bᵀ or c += a·bᵀ by dot products of rows.")
	d := &dotTile{vector: v, row: v.AllocLocal(8)}
	d.c, d.a, d.b0 = v.pointer("c"), v.pointer("a"), v.GP64()
	d.rowC, d.k = v.integer("n", true), v.integer("k", true)
	d.body = v.GP64()
	v.MOVQ(d.k, d.body)
	v.ANDQ(I32(-v.bytes), d.body)
	v.MOVQ(v.integer("m", false), d.row)
	for _, height := range []int{2, 1} {
		loop, next := label("rows", height), label("below", height)
		v.Label(loop)
		v.CMPQ(d.row, U32(height))
		v.JLT(LabelRef(next))
		d.columns(label("tile", height), height)
		for range height {
			v.ADDQ(d.k, d.a)
		}
		v.SUBQ(U32(height), d.row)
		v.JMP(LabelRef(loop))
		v.Label(next)
	}
	v.end()
}

type dotTile struct {
	*vector
	c, a, b0, rowC, k, body reg.GPVirtual
	row                     Mem
}

// columns runs over all rows of b for height rows of a, and moves c to the next
// row it does not know.
func (d *dotTile) columns(name string, height int) {
	left := d.integer("n", false)
	d.Load(d.Param("b"), d.b0)
	d.Label(name)
	b := []reg.GPVirtual{d.b0, d.GP64(), d.GP64(), d.GP64()}
	for j := 1; j < 4; j++ {
		d.LEAQ(Mem{Base: b[j-1], Index: d.k, Scale: 1}, b[j])
		d.CMPQ(left, U32(j))
		d.CMOVQLE(b[j-1], b[j])
	}

	sums := d.registers(4 * height)
	for _, sum := range sums {
		d.zero(sum)
	}
	p := d.GP64()
	d.XORQ(p, p)
	loop, tail, reduce := label(name, "k"), label(name, "tail"), label(name, "reduce")
	d.Label(loop)
	d.CMPQ(p, d.body)
	d.JGE(LabelRef(tail))
	d.step(b, p, sums, nil)
	d.ADDQ(U32(d.bytes), p)
	d.JMP(LabelRef(loop))
	d.Label(tail)
	rest := d.GP64()
	d.MOVQ(d.k, rest)
	d.SUBQ(p, rest)
	d.JZ(LabelRef(reduce))
	d.SHRQ(U8(d.shift()), rest)
	d.step(b, p, sums, d.mask(rest))
	d.Label(reduce)

	mask := d.mask(left)
	accumulate := d.GP64()
	d.Load(d.Param("accumulate"), accumulate.As8())
	for i := range height {
		c := Mem{Base: d.c}
		if i == 1 {
			c = Mem{Base: d.c, Index: d.rowC, Scale: 1}
		}
		d.reduce(label(name, "row", i), sums[4*i:][:4], c, mask, accumulate)
	}
	d.ADDQ(U32(4*d.size), d.c)
	d.LEAQ(Mem{Base: b[3], Index: d.k, Scale: 1}, d.b0)
	d.SUBQ(U32(4), left)
	d.JG(LabelRef(name))
	// left is now minus the columns by which c went too far.
	d.SHLQ(U8(d.shift()), left)
	d.ADDQ(left, d.c)
	for range height - 1 {
		d.ADDQ(d.rowC, d.c)
	}
}

// step adds the products at byte p of the rows.
func (d *dotTile) step(b []reg.GPVirtual, p reg.Register, sums []reg.VecVirtual, mask reg.Register) {
	height := len(sums) / 4
	left := d.registers(height)
	for i := range height {
		a := Mem{Base: d.a, Index: p, Scale: 1}
		if i == 1 {
			base := d.GP64()
			d.LEAQ(Mem{Base: d.a, Index: d.k, Scale: 1}, base)
			a.Base = base
		}
		d.load(a, mask, left[i])
	}
	for j := range b {
		right := d.register()
		d.load(Mem{Base: b[j], Index: p, Scale: 1}, mask, right)
		for i := range height {
			d.fma(right, left[i], sums[4*i+j])
		}
	}
}

// reduce adds the lanes of four sums and writes the results side by side.
func (d *dotTile) reduce(name string, sums []reg.VecVirtual, c Mem, mask, accumulate reg.Register) {
	low, high := d.YMM(), d.YMM()
	var result reg.Register = low
	if d.size == 4 {
		d.VHADDPS(sums[1], sums[0], sums[0])
		d.VHADDPS(sums[3], sums[2], sums[2])
		d.VHADDPS(sums[2], sums[0], low)
		d.VEXTRACTF128(U8(1), low, high.AsX())
		d.VADDPS(high.AsX(), low.AsX(), low.AsX())
		result, mask = low.AsX(), mask.(reg.VecVirtual).AsX()
	} else {
		d.VHADDPD(sums[1], sums[0], sums[0])
		d.VHADDPD(sums[3], sums[2], sums[2])
		d.VPERM2F128(U8(0x20), sums[2], sums[0], low)
		d.VPERM2F128(U8(0x31), sums[2], sums[0], high)
		d.add(high, low, low)
	}
	old := d.YMM()
	var before reg.Register = old
	if d.size == 4 {
		before = old.AsX()
	}
	d.TESTB(accumulate.(reg.GPVirtual).As8(), accumulate.(reg.GPVirtual).As8())
	d.JZ(LabelRef(name))
	d.maskedMove(c, mask, before)
	d.add(before, result, result)
	d.Label(name)
	d.maskedMove(result, mask, c)
}

func (d *dotTile) maskedMove(from Op, mask reg.Register, to Op) {
	if d.size == 4 {
		d.VMASKMOVPS(from, mask, to)
	} else {
		d.VMASKMOVPD(from, mask, to)
	}
}
