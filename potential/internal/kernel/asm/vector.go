package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// vector emits instructions for one width and precision, so that a kernel is
// written once for AVX2 and AVX-512, float32 and float64.
type vector struct {
	*build.Context
	bytes int // of a register: 32 for AVX2, 64 for AVX-512
	size  int // of an element: 4 or 8
}

// each calls generate for the four combinations.
func each(ctx *build.Context, generate func(v *vector)) {
	for _, bytes := range []int{32, 64} {
		for _, size := range []int{4, 8} {
			generate(&vector{Context: ctx, bytes: bytes, size: size})
		}
	}
}

func (v *vector) lanes() int { return v.bytes / v.size }

// elem is the Go type of an element.
func (v *vector) elem() string { return fmt.Sprintf("float%d", 8*v.size) }

// function starts a kernel, whose name gets a suffix: fiberAVX2F32. In the
// signature the word T stands for the element type.
func (v *vector) function(name, signature, doc string) {
	isa := map[int]string{32: "AVX2", 64: "AVX512"}[v.bytes]
	full := fmt.Sprintf("%s%sF%d", name, isa, 8*v.size)
	v.Function(full)
	v.Attributes(build.NOSPLIT)
	v.Pragma("noescape")
	v.Doc(full + " " + doc)
	v.SignatureExpr("func" + regexp.MustCompile(`\bT\b`).ReplaceAllString(signature, v.elem()))
}

// integer loads the named parameter, multiplied by the element size if bytes
// is set.
func (v *vector) integer(name string, bytes bool) reg.GPVirtual {
	r := v.GP64()
	v.Load(v.Param(name), r)
	if bytes {
		v.SHLQ(U8(v.shift()), r)
	}
	return r
}

// argument returns the place of the named parameter in memory.
func (v *vector) argument(name string) Mem {
	p, err := v.Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return p.Addr
}

func (v *vector) pointer(name string) reg.GPVirtual { return v.integer(name, false) }

// shift turns a number of elements into bytes.
func (v *vector) shift() uint8 { return map[int]uint8{4: 2, 8: 3}[v.size] }

func (v *vector) register() reg.VecVirtual {
	if v.bytes == 64 {
		return v.ZMM()
	}
	return v.YMM()
}

func (v *vector) registers(n int) []reg.VecVirtual {
	r := make([]reg.VecVirtual, n)
	for i := range r {
		r[i] = v.register()
	}
	return r
}

func (v *vector) zero(r reg.VecVirtual) {
	v.VXORPS(r, r, r) // VPXORQ would do without AVX512DQ, but avo takes r for an input
}

// precise emits the instruction for the element size. The last operand is the
// destination, the first one may be memory.
func (v *vector) precise(single, double func(...Op), operands ...Op) {
	if v.size == 4 {
		single(operands...)
	} else {
		double(operands...)
	}
}

// fma emits acc += a*b.
func (v *vector) fma(a, b, acc Op) {
	v.precise(v.VFMADD231PS, v.VFMADD231PD, a, b, acc)
}

// fma213 emits acc = acc*b + a.
func (v *vector) fma213(a, b, acc Op) {
	v.precise(v.VFMADD213PS, v.VFMADD213PD, a, b, acc)
}

// fmsub213 emits acc = acc*b - a.
func (v *vector) fmsub213(a, b, acc Op) {
	v.precise(v.VFMSUB213PS, v.VFMSUB213PD, a, b, acc)
}

// fmsub231 emits acc = a*b - acc.
func (v *vector) fmsub231(a, b, acc Op) {
	v.precise(v.VFMSUB231PS, v.VFMSUB231PD, a, b, acc)
}

// fnma emits acc -= a*b.
func (v *vector) fnma(a, b, acc Op) {
	v.precise(v.VFNMADD231PS, v.VFNMADD231PD, a, b, acc)
}

func (v *vector) add(a, b, sum Op) {
	v.precise(v.VADDPS, v.VADDPD, a, b, sum)
}

// sub emits difference = b - a.
func (v *vector) sub(a, b, difference Op) {
	v.precise(v.VSUBPS, v.VSUBPD, a, b, difference)
}

func (v *vector) mul(a, b, product Op) {
	v.precise(v.VMULPS, v.VMULPD, a, b, product)
}

// div emits quotient = b / a.
func (v *vector) div(a, b, quotient Op) {
	v.precise(v.VDIVPS, v.VDIVPD, a, b, quotient)
}

// min and max return a if one of the operands is NaN.
func (v *vector) min(a, b, least Op) {
	v.precise(v.VMINPS, v.VMINPD, a, b, least)
}

func (v *vector) max(a, b, greatest Op) {
	v.precise(v.VMAXPS, v.VMAXPD, a, b, greatest)
}

func (v *vector) and(a, b, c Op) {
	v.precise(v.VANDPS, v.VANDPD, a, b, c)
}

func (v *vector) or(a, b, c Op) {
	v.precise(v.VORPS, v.VORPD, a, b, c)
}

func (v *vector) xor(a, b, c Op) {
	v.precise(v.VXORPS, v.VXORPD, a, b, c)
}

// shiftToExponent moves the low bits of each lane into its exponent.
func (v *vector) shiftToExponent(r Op) {
	if v.size == 4 {
		v.VPSLLD(U8(23), r, r)
	} else {
		v.VPSLLQ(U8(52), r, r)
	}
}

func (v *vector) broadcast(m, r Op) {
	if v.size == 4 {
		v.VBROADCASTSS(m, r)
	} else {
		v.VBROADCASTSD(m, r)
	}
}

// move loads or stores a whole register, or copies one.
func (v *vector) move(from, to Op) {
	if v.size == 4 {
		v.VMOVUPS(from, to)
	} else {
		v.VMOVUPD(from, to)
	}
}

// load reads the lanes the mask selects and clears the others; a nil mask
// selects all. Masked lanes are not accessed: they may lie beyond the slice.
func (v *vector) load(m Mem, mask reg.Register, r reg.VecVirtual) {
	switch {
	case mask == nil:
		v.move(m, r)
	case v.bytes == 64 && v.size == 4:
		v.VMOVUPS_Z(m, mask, r)
	case v.bytes == 64:
		v.VMOVUPD_Z(m, mask, r)
	case v.size == 4:
		v.VMASKMOVPS(m, mask, r)
	default:
		v.VMASKMOVPD(m, mask, r)
	}
}

// store writes the lanes the mask selects.
func (v *vector) store(r reg.VecVirtual, mask reg.Register, m Mem) {
	switch {
	case mask == nil:
		v.move(r, m)
	case v.bytes == 64 && v.size == 4:
		v.VMOVUPS(r, mask, m)
	case v.bytes == 64:
		v.VMOVUPD(r, mask, m)
	case v.size == 4:
		v.VMASKMOVPS(r, mask, m)
	default:
		v.VMASKMOVPD(r, mask, m)
	}
}

// mask returns a mask of the first min(count, lanes) lanes. An AVX2 mask
// occupies a vector register. count must be below 256.
func (v *vector) mask(count reg.Register) reg.Register {
	bits := v.GP64()
	if v.bytes == 64 {
		k := v.K()
		v.MOVQ(I32(-1), bits)
		v.BZHIQ(count, bits, bits)
		v.KMOVW(bits.As32(), k)
		return k
	}
	skipped, table, r := v.GP64(), v.GP64(), v.YMM()
	v.XORL(bits.As32(), bits.As32())
	v.MOVQ(U32(v.lanes()), skipped)
	v.SUBQ(count, skipped)
	v.CMOVQLT(bits, skipped)
	v.LEAQ(maskTable, table)
	v.move(Mem{Base: table, Index: skipped, Scale: uint8(v.size)}, r)
	return r
}

// maskTable is eight words of ones followed by eight of zeros. A mask is the
// register's worth of it that starts as many elements in as lanes are skipped.
var maskTable = NewDataAddr(NewStaticSymbol("masks"), 0)

func writeMaskTable(ctx *build.Context) {
	ctx.StaticGlobal("masks")
	ctx.DataAttributes(build.RODATA | build.NOPTR)
	for i := range 16 {
		word := ^uint32(0)
		if i >= 8 {
			word = 0
		}
		ctx.AddDatum(4*i, U32(word))
	}
}

// sweep emits the loop over n elements: whole groups of unroll registers, then
// single registers, then one under a mask. body handles count registers at the
// pointers, which sweep moves on; it gets a prefix for its labels.
func (v *vector) sweep(name string, n reg.GPVirtual, unroll int, pointers []reg.GPVirtual,
	body func(name string, count int, mask reg.Register)) {
	counts := []int{unroll, 1}
	if unroll == 1 {
		counts = counts[:1]
	}
	for _, count := range counts {
		loop, next := label("sweep"+name, count), label("below"+name, count)
		v.Label(loop)
		v.CMPQ(n, U32(count*v.lanes()))
		v.JLT(LabelRef(next))
		body(loop, count, nil)
		for _, p := range pointers {
			v.ADDQ(U32(count*v.bytes), p)
		}
		v.SUBQ(U32(count*v.lanes()), n)
		v.JMP(LabelRef(loop))
		v.Label(next)
	}
	done := label("swept" + name)
	v.TESTQ(n, n)
	v.JZ(LabelRef(done))
	body(label("tail"+name), 1, v.mask(n))
	v.Label(done)
}

// label returns a name for a jump target that is unique in the function.
func label(parts ...any) string {
	return strings.ReplaceAll(strings.TrimSuffix(fmt.Sprintln(parts...), "\n"), " ", "_")
}

// at addresses element i vectors after base.
func (v *vector) at(base reg.Register, i int) Mem { return Mem{Base: base, Disp: i * v.bytes} }

// end finishes a kernel.
func (v *vector) end() {
	v.VZEROUPPER()
	v.RET()
}

// checkFeatures fails if a kernel uses an instruction or a register that the
// dispatch does not ask for.
func checkFeatures(file *ir.File) error {
	high := regexp.MustCompile(`^[XY](1[6-9]|[23]\d)$`) // need AVX512VL
	for _, f := range file.Functions() {
		// MMX+ is what avo calls prefetches, which are part of SSE.
		allowed := "CMOV CPUID MMX+ SSE SSE2 AVX AVX2 FMA3"
		if strings.Contains(f.Name, "AVX512") {
			allowed += " AVX512F AVX512DQ BMI2"
		}
		for _, isa := range f.ISA {
			if !slices.Contains(strings.Fields(allowed), isa) {
				return fmt.Errorf("%s needs %s", f.Name, isa)
			}
		}
		for _, i := range f.Instructions() {
			for _, op := range i.Operands {
				if high.MatchString(op.Asm()) {
					return fmt.Errorf("%s uses %s", f.Name, op.Asm())
				}
			}
		}
	}
	return nil
}
