package main

import (
	"math"

	"github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// tail32 and tail64 are the coefficients, lowest first, of a polynomial P with
//
//	Φ(-x) = exp(-x²/2) t P(t),  t = 1/(1 + x/4),  x >= 0,
//
// fitted for the least relative error, which is 7.5e-9 for 0 <= x <= 13.3 and
// 1.9e-17 for 0 <= x <= 37.8. Beyond these bounds exp(-x²/2) is below the
// smallest normal number of the precision.
var tail32 = []float64{
	0.0997505992211,
	0.0994437837326,
	0.0958952045953,
	0.0703313528569,
	0.0912274968468,
	0.00460379606094,
	0.0377629145937,
	0.0449318895648,
	-0.0600353473541,
	0.0160883136135,
}

var tail64 = []float64{
	0.099735570103097217575,
	0.099735569898421801559,
	0.093502103816000534533,
	0.081035008751684454879,
	0.063505525862256025257,
	0.043223801011575695799,
	0.02356382675446412708,
	0.0061886902576168824894,
	0.001679309824805464404,
	-0.024454126887223139648,
	0.048012758518600844533,
	-0.12400192213182353238,
	0.22171111678429719921,
	-0.27653464836563630743,
	0.20945661434924033525,
	0.030642950132888840149,
	-0.32897357509484214152,
	0.46872749901416286172,
	-0.38198231252567426931,
	0.20069533322376135969,
	-0.067751671847877475979,
	0.01349746556668240585,
	-0.0012148870164791931114,
}

func gelu(ctx *build.Context) {
	writeMaskTable(ctx)
	tables := map[int]*table{}
	for _, size := range []int{4, 8} {
		tables[size] = newTable(ctx, size)
	}
	each(ctx, func(v *vector) { geluKernel(v, tables[v.size]) })
}

// geluKernel implements, with m = min(|x|, bound), density φ and distribution
// function Φ of the standard normal,
//
//	for i := range n {
//		e := exp(-m*m/2)
//		q := e * t * P(t)                           // Φ(-m)
//		y[i] = max(x, 0) - m*q                      // x Φ(x)
//		dy[i] = step(x) + sign(x)*(m*φ(m)-q)        // Φ(x) + x φ(x)
//		d2y[i] = (2 - m*m) * φ(m)
//	}
//
// where a nil dy or d2y is left out. Written with Φ(-m) all three keep their
// relative accuracy for x far below zero. At the bound exp(-m²/2) is exactly
// zero, so that an infinite x meets no 0·Inf.
//
// The exponential is 2^n exp(r) with the Taylor series for exp(r), |r| <= ln2/2.
// Adding magic to s·log2(e) rounds to n in the low bits and adds the bias of the
// exponent; a shift moves both into place, and n = -bias gives zero. The error
// of rounding m² goes into r.
//
// Register plan: 3 constants, about 10 temporaries; the other constants are
// memory operands.
func geluKernel(v *vector, c *table) {
	v.function("gelu", "(y, dy, d2y, x *T, n int)", "computes the GELU and, where not nil, its derivatives.")
	g := &geluLoop{vector: v, table: c}
	g.y, g.dy, g.d2y, g.x = v.pointer("y"), v.pointer("dy"), v.pointer("d2y"), v.pointer("x")
	g.bound, g.one, g.nought = v.register(), v.register(), v.register()
	v.move(c.bound, g.bound)
	v.move(c.one, g.one)
	v.zero(g.nought)
	v.sweep("", v.integer("n", false), 1, []reg.GPVirtual{g.y, g.dy, g.d2y, g.x}, g.step)
	v.end()
}

type geluLoop struct {
	*vector
	*table
	y, dy, d2y, x      reg.GPVirtual
	bound, one, nought reg.VecVirtual
}

func (g *geluLoop) step(name string, _ int, mask reg.Register) {
	x, m := g.register(), g.register()
	g.load(Mem{Base: g.x}, mask, x)
	g.and(g.magnitude, x, m)
	g.min(m, g.bound, m) // in this order NaN remains

	s, rounding := g.register(), g.register()
	g.mul(g.minusHalf, m, rounding)
	g.mul(rounding, m, s)
	g.fmsub213(s, m, rounding) // m·(-m/2) - s
	power, n := g.register(), g.register()
	g.move(g.log2e, power)
	g.fma213(g.magic, s, power)
	g.sub(g.magic, power, n)
	g.shiftToExponent(power)
	g.fma(g.minusLn2, n, s)
	g.fma(g.minusLn2Rest, n, s)
	g.add(rounding, s, s)
	e := g.horner(g.exp, s)
	g.mul(power, e, e)

	t := g.register()
	g.move(g.quarter, t)
	g.fma213(g.one, m, t)
	g.div(t, g.one, t)
	q := g.horner(g.tail, t)
	g.mul(t, q, q)
	g.mul(e, q, q)

	y := g.register()
	g.max(x, g.nought, y) // in this order NaN remains
	g.fnma(q, m, y)
	g.store(y, mask, Mem{Base: g.y})

	g.mul(g.density, e, e) // φ(m)
	g.unlessNil(name, "dy", func() {
		sign, step, slope := g.register(), g.register(), g.register()
		g.and(g.signBit, x, sign)
		g.or(g.half, sign, step)
		g.add(g.half, step, step)
		g.move(e, slope)
		g.fmsub213(q, m, slope)
		g.xor(sign, slope, slope)
		g.add(slope, step, step)
		g.store(step, mask, Mem{Base: g.dy})
	})
	g.unlessNil(name, "d2y", func() {
		curvature := g.register()
		g.move(g.two, curvature)
		g.fnma(m, m, curvature)
		g.mul(e, curvature, curvature)
		g.store(curvature, mask, Mem{Base: g.d2y})
	})
}

// unlessNil guards emitted code by the argument itself: the pointers move.
func (v *vector) unlessNil(name, parameter string, emit func()) {
	skip := label(name, "without", parameter)
	v.CMPQ(v.argument(parameter), U32(0))
	v.JEQ(LabelRef(skip))
	emit()
	v.Label(skip)
}

// horner evaluates the polynomial with the given coefficients, lowest first.
func (g *geluLoop) horner(coefficients []Mem, x reg.Register) reg.VecVirtual {
	last := len(coefficients) - 1
	sum := g.register()
	g.move(coefficients[last], sum)
	for i := last - 1; i >= 0; i-- {
		g.fma213(coefficients[i], x, sum)
	}
	return sum
}

// table holds the constants of one precision, each repeated over 64 bytes.
type table struct {
	ctx          *build.Context
	size, offset int
	base         Mem

	bound, one, half, minusHalf, quarter, two     Mem
	magnitude, signBit                            Mem
	log2e, magic, minusLn2, minusLn2Rest, density Mem
	exp, tail                                     []Mem
}

func newTable(ctx *build.Context, size int) *table {
	name := map[int]string{4: "geluF32", 8: "geluF64"}[size]
	t := &table{ctx: ctx, size: size, base: ctx.StaticGlobal(name)}
	ctx.DataAttributes(build.RODATA | build.NOPTR)
	mantissa, bias, terms, tail, ln2 := 23, 127.0, 7, tail32, float64(float32(math.Ln2))
	if size == 8 {
		mantissa, bias, terms, tail, ln2 = 52, 1023, 13, tail64, math.Ln2
	}
	t.one, t.half, t.minusHalf, t.quarter, t.two = t.value(1), t.value(0.5), t.value(-0.5), t.value(0.25), t.value(2)
	t.bound = t.value(math.Sqrt(2 * bias * math.Ln2))
	t.signBit = t.bits(1 << (8*size - 1))
	t.magnitude = t.bits(1<<(8*size-1) - 1)
	t.log2e = t.value(math.Log2E)
	t.magic = t.value(1.5*math.Ldexp(1, mantissa) + bias)
	t.minusLn2 = t.value(-ln2)
	t.minusLn2Rest = t.value(ln2 - math.Ln2)
	if size == 8 {
		t.minusLn2Rest = t.value(-2.3190468138462996e-17) // ln 2 beyond float64
	}
	t.density = t.value(1 / math.Sqrt(2*math.Pi))
	factorial := 1.0
	for i := range terms + 1 {
		factorial *= max(1, float64(i))
		t.exp = append(t.exp, t.value(1/factorial))
	}
	for _, c := range tail {
		t.tail = append(t.tail, t.value(c))
	}
	return t
}

func (t *table) value(x float64) Mem {
	if t.size == 4 {
		return t.bits(uint64(math.Float32bits(float32(x))))
	}
	return t.bits(math.Float64bits(x))
}

func (t *table) bits(x uint64) Mem {
	m := t.base.Offset(t.offset)
	for range 64 / t.size {
		if t.size == 4 {
			t.ctx.AddDatum(t.offset, U32(x))
		} else {
			t.ctx.AddDatum(t.offset, U64(x))
		}
		t.offset += t.size
	}
	return m
}
