package main

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// transpose implements, with one register of L lanes per row of dst,
//
//	for p := range L * blocks {
//		for j := range L {
//			dst[p*rowDst+j] = src[j*rowSrc+p]
//		}
//	}
//
// It packs b for products with bᵀ. The lower half of a register takes rows 0 to
// L/2-1 of src and the upper half the others, so that all that is left is a
// transposition within the halves.
//
// Register plan: L registers for the block, L for the interleaved pairs.
func transpose(v *vector) {
	v.function("transpose", "(dst, src *T, blocks, rowDst, rowSrc int)",
		"transposes blocks square blocks of src, which lie side by side.")
	dst, src, blocks := v.pointer("dst"), v.pointer("src"), v.integer("blocks", false)
	rowDst, rowSrc := v.integer("rowDst", true), v.integer("rowSrc", true)
	half := v.lanes() / 2
	upper := v.GP64()

	v.Label("block")
	v.MOVQ(rowSrc, upper)
	v.IMUL3Q(U32(half), upper, upper)
	v.ADDQ(src, upper)
	row := v.GP64()
	v.MOVQ(src, row)
	rows := v.registers(v.lanes()) // left half of the columns, then right half
	for i := range half {
		for side := range 2 {
			r := rows[side*half+i]
			v.VMOVUPS(Mem{Base: row, Disp: 16 * side}, r.AsX())
			v.VINSERTF128(U8(1), Mem{Base: upper, Disp: 16 * side}, r, r)
		}
		v.ADDQ(rowSrc, row)
		v.ADDQ(rowSrc, upper)
	}
	for side := range 2 {
		for _, column := range v.transposeHalves(rows[side*half:][:half]) {
			v.move(column, Mem{Base: dst})
			v.ADDQ(rowDst, dst)
		}
	}
	v.ADDQ(U32(v.bytes), src)
	v.DECQ(blocks)
	v.JNZ(LabelRef("block"))
	v.end()
}

// transposeHalves transposes the square blocks in both halves of the rows.
func (v *vector) transposeHalves(r []reg.VecVirtual) []reg.VecVirtual {
	if v.size == 8 {
		t := v.registers(2)
		v.VUNPCKLPD(r[1], r[0], t[0])
		v.VUNPCKHPD(r[1], r[0], t[1])
		return t
	}
	t, columns := v.registers(4), v.registers(4)
	for pair := range 2 {
		v.VUNPCKLPS(r[2*pair+1], r[2*pair], t[2*pair])
		v.VUNPCKHPS(r[2*pair+1], r[2*pair], t[2*pair+1])
	}
	for i, column := range columns {
		select2 := []uint8{0x44, 0xee}[i%2] // low or high pair of each source
		v.VSHUFPS(U8(select2), t[i/2+2], t[i/2], column)
	}
	return columns
}

// panels implements, for the width w of a panel,
//
//	for j := range panels {
//		for p := range k {
//			copy(dst[(j*k+p)*w:][:w], src[p*rowSrc+j*w:])
//		}
//	}
func panels(v *vector) {
	v.function("panels", "(dst, src *T, panels, k, rowSrc int)",
		"cuts the columns of src into panels of two registers.")
	dst, src := v.pointer("dst"), v.pointer("src")
	left, rowSrc := v.integer("panels", false), v.integer("rowSrc", true)
	v.Label("panel")
	row, k := v.GP64(), v.integer("k", false)
	v.MOVQ(src, row)
	v.Label("row")
	for i := range 2 {
		r := v.register()
		v.move(v.at(row, i), r)
		v.move(r, v.at(dst, i))
	}
	v.ADDQ(rowSrc, row)
	v.ADDQ(U32(2*v.bytes), dst)
	v.DECQ(k)
	v.JNZ(LabelRef("row"))
	v.ADDQ(U32(2*v.bytes), src)
	v.DECQ(left)
	v.JNZ(LabelRef("panel"))
	v.end()
}
