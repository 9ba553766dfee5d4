package main

import (
	"github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func matMul(ctx *build.Context) {
	writeMaskTable(ctx)
	each(ctx, product)
	each(ctx, panels)
	for _, size := range []int{4, 8} {
		v := &vector{Context: ctx, bytes: 32, size: size}
		dots(v)
		transpose(v)
	}
}

// product implements, for one block of k,
//
//	for j := range n {
//		for i := range m {
//			sum := bias[j] // or 0 for a nil bias
//			for p := range k {
//				sum = FMA(a[i*rowA+p*colA], b[j/width*panel+p*rowB+j%width], sum)
//			}
//			if accumulate {
//				sum += c[i*rowC+j]
//			}
//			c[i*rowC+j] = sum
//		}
//	}
//
// where width is two registers. b is either a matrix in place (panel = width)
// or packed into panels of that width. Every sum is one chain of FMAs in the
// order of p, whatever the tile it belongs to.
//
// The tile is rows x width with rows = 12 (AVX-512) or 6 (AVX2). The rows left
// at the bottom use lower tiles, the columns left at the right tiles of one
// register under a mask.
//
// Register plan: AVX-512 24 sums, 2 for b, 1 for the broadcast element of a;
// AVX2 12 sums, 2 for b, 2 for a. In the masked tiles AVX2 holds the mask in
// the place of the second half of the sums. Rows of a are addressed from one
// pointer per four rows, with rowA and 3 rowA as indices.
func product(v *vector) {
	v.function("product", "(c, a, b, bias *T, m, k, n, rowC, rowA, colA, rowB, panel int, accumulate bool)",
		"computes c = a·b or c += a·b for strided a and b in panels.")
	t := &tile{vector: v}
	t.a, t.b, t.c = v.GP64(), v.pointer("b"), v.GP64()
	t.rowC, t.rowA, t.colA, t.rowB = v.integer("rowC", true), v.integer("rowA", true), v.integer("colA", true), v.integer("rowB", true)
	t.rowA3 = v.GP64()
	v.LEAQ(Mem{Base: t.rowA, Index: t.rowA, Scale: 2}, t.rowA3)

	// What the loop over k does not need lives in memory.
	left := v.AllocLocal(8)
	v.MOVQ(v.integer("n", false), left)
	t.cPanel, t.bias = v.AllocLocal(8), v.AllocLocal(8)
	v.MOVQ(v.pointer("c"), t.cPanel)
	v.MOVQ(v.pointer("bias"), t.bias)
	t.m = v.AllocLocal(8)

	v.Label("wide")
	v.CMPQ(left, U32(2*v.lanes()))
	v.JLT(LabelRef("narrow"))
	t.rows("wide", 2, nil)
	panel := v.integer("panel", true)
	v.ADDQ(panel, t.b)
	t.right(2 * v.bytes)
	v.SUBQ(U32(2*v.lanes()), left)
	v.JMP(LabelRef("wide"))

	v.Label("narrow")
	count := v.GP64()
	v.MOVQ(left, count)
	v.CMPQ(count, U32(0))
	v.JLE(LabelRef("done"))
	t.rows("narrow", 1, v.mask(count))
	v.ADDQ(U32(v.bytes), t.b)
	t.right(v.bytes)
	v.SUBQ(U32(v.lanes()), left)
	v.JMP(LabelRef("narrow"))

	v.Label("done")
	v.end()
}

// tile is the state of product inside one panel.
type tile struct {
	*vector
	a, b, c                       reg.GPVirtual
	rowC, rowA, rowA3, colA, rowB reg.GPVirtual
	m, cPanel, bias               Mem
}

// right moves c and the bias on by so many bytes. A nil bias stays.
func (t *tile) right(bytes int) {
	t.ADDQ(U32(bytes), t.cPanel)
	skip := label("no bias", bytes)
	t.CMPQ(t.bias, U32(0))
	t.JEQ(LabelRef(skip))
	t.ADDQ(U32(bytes), t.bias)
	t.Label(skip)
}

// heights lists the tiles, the tallest first. Short ones serve the degrees of
// the edge kernels as well as the rows that are left.
func (t *tile) heights() []int {
	if t.bytes == 64 {
		return []int{12, 8, 5, 4, 3, 2, 1}
	}
	return []int{6, 5, 4, 3, 2, 1}
}

// rows runs over all rows of a for the panel at b, columns registers wide.
func (t *tile) rows(name string, columns int, mask reg.Register) {
	t.MOVQ(t.integer("m", false), t.m)
	t.Load(t.Param("a"), t.a)
	t.MOVQ(t.cPanel, t.c)
	for _, height := range t.heights() {
		next := label(name, "below", height)
		t.Label(label(name, height))
		t.CMPQ(t.m, U32(height))
		t.JLT(LabelRef(next))
		t.block(label(name, height), height, columns, mask)
		t.SUBQ(U32(height), t.m)
		t.JMP(LabelRef(label(name, height)))
		t.Label(next)
	}
}

// block computes one tile and moves a and c below it.
func (t *tile) block(name string, height, columns int, mask reg.Register) {
	groups := (height + 3) / 4
	a := make([]reg.GPVirtual, groups)
	for g := range a {
		a[g] = t.GP64()
		if g == 0 {
			t.MOVQ(t.a, a[g])
		} else {
			t.LEAQ(Mem{Base: a[g-1], Index: t.rowA, Scale: 4}, a[g])
		}
	}
	row := func(r int) Mem {
		switch base := a[r/4]; r % 4 {
		case 1:
			return Mem{Base: base, Index: t.rowA, Scale: 1}
		case 2:
			return Mem{Base: base, Index: t.rowA, Scale: 2}
		case 3:
			return Mem{Base: base, Index: t.rowA3, Scale: 1}
		default:
			return Mem{Base: base}
		}
	}

	sums := t.start(name, height, columns, mask)
	b, k := t.GP64(), t.integer("k", false)
	t.MOVQ(t.b, b)
	loop := label(name, "k")
	t.Label(loop)
	right := t.registers(columns)
	for i, r := range right {
		t.load(t.at(b, i), mask, r)
	}
	for r := range height {
		left := t.register()
		t.broadcast(row(r), left)
		for i := range columns {
			t.fma(right[i], left, sums[r*columns+i])
		}
	}
	t.ADDQ(t.rowB, b)
	for _, p := range a {
		t.ADDQ(t.colA, p)
	}
	t.DECQ(k)
	t.JNZ(LabelRef(loop))

	accumulate := t.GP64()
	t.Load(t.Param("accumulate"), accumulate.As8())
	t.TESTB(accumulate.As8(), accumulate.As8())
	replace := label(name, "replace")
	below := label(name, "end")
	t.JZ(LabelRef(replace))
	t.write(sums, columns, mask, true)
	t.JMP(LabelRef(below))
	t.Label(replace)
	t.write(sums, columns, mask, false)
	t.Label(below)

	down := t.GP64()
	t.IMUL3Q(U32(height), t.rowA, down)
	t.ADDQ(down, t.a)
}

// start sets the sums of a tile to the bias, or to zero.
func (t *tile) start(name string, height, columns int, mask reg.Register) []reg.VecVirtual {
	sums := t.registers(height * columns)
	bias, none, begun := t.GP64(), label(name, "no bias"), label(name, "begun")
	t.MOVQ(t.bias, bias)
	t.TESTQ(bias, bias)
	t.JZ(LabelRef(none))
	for i, sum := range sums {
		if i < columns {
			t.load(t.at(bias, i), mask, sum)
		} else {
			t.move(sums[i%columns], sum)
		}
	}
	t.JMP(LabelRef(begun))
	t.Label(none)
	for _, sum := range sums {
		t.zero(sum)
	}
	t.Label(begun)
	return sums
}

// write stores the sums of one tile and moves c below it.
func (t *tile) write(sums []reg.VecVirtual, columns int, mask reg.Register, accumulate bool) {
	for i, sum := range sums {
		m := t.at(t.c, i%columns)
		if accumulate {
			if mask == nil {
				t.add(m, sum, sum)
			} else {
				old := t.register()
				t.load(m, mask, old)
				t.add(old, sum, sum)
			}
		}
		t.store(sum, mask, m)
		if i%columns == columns-1 {
			t.ADDQ(t.rowC, t.c)
		}
	}
}
