package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// mostDegrees is the highest degree L for which there is assembly.
const mostDegrees = 4

func angular(ctx *build.Context) {
	writeMaskTable(ctx)
	tables := map[int]*constants{}
	for _, size := range []int{4, 8} {
		tables[size] = newConstants(ctx, size)
	}
	for degree := 1; degree <= mostDegrees; degree++ {
		each(ctx, func(v *vector) { angles(v, tables[v.size], degree) })
	}
}

// constants are the factors of Bonnet's recurrence in one precision.
type constants struct {
	up, down, odd [mostDegrees]Mem // (2l+1)/(l+1), l/(l+1), 2l+1
	one           Mem
}

func newConstants(ctx *build.Context, size int) *constants {
	t := &table{ctx: ctx, size: size, base: ctx.StaticGlobal(map[int]string{4: "bonnetF32", 8: "bonnetF64"}[size])}
	ctx.DataAttributes(build.RODATA | build.NOPTR)
	c := &constants{one: t.value(1)}
	for l := 1; l < mostDegrees; l++ {
		c.up[l], c.down[l] = t.value(float64(2*l+1)/float64(l+1)), t.value(float64(l)/float64(l+1))
		c.odd[l] = t.value(float64(2*l + 1))
	}
	return c
}

// angles implements, for a fixed degree,
//
//	for e := range edges {
//		for a := range n {
//			x := sign * dot(u[e], grid[a])
//			p[e,0,a], dp[e,0,a] = x, 1
//			for l := 1; l < degree; l++ {
//				p[e,l,a] = up[l]*x*p[e,l-1,a] - down[l]*p[e,l-2,a] // P_0 is 1
//				dp[e,l,a] = dp[e,l-2,a] + odd[l]*p[e,l-1,a]
//			}
//		}
//	}
//
// where a nil dp is left out. What is left of n after whole registers is done by one
// that begins earlier or, in shorter rows, whose last lanes the next row overwrites: of
// AVX2, stores under a mask are slow on some processors.
//
// Register plan: 3 for u, up to 5 for p and 5 for dp.
func angles(v *vector, c *constants, degree int) {
	v.function(fmt.Sprintf("angular%d", degree), "(p, dp, u, grid *T, edges, n int, sign T)",
		fmt.Sprintf("evaluates Legendre polynomials up to degree %d.", degree))
	p, dp, u := v.pointer("p"), v.pointer("dp"), v.pointer("u")
	row := v.integer("n", true)
	left, end := v.AllocLocal(8), v.AllocLocal(8)
	edges := v.integer("edges", false)
	v.MOVQ(edges, left)
	v.IMULQ(row, edges)
	v.IMUL3Q(U32(degree), edges, edges)
	v.ADDQ(p, edges)
	v.MOVQ(edges, end)
	v.Label("edge")
	v.CMPQ(left, U32(0))
	v.JLE(LabelRef("done"))
	direction := v.registers(3)
	factor := v.register()
	v.broadcast(v.argument("sign"), factor)
	for k, r := range direction {
		v.broadcast(Mem{Base: u, Disp: k * v.size}, r)
		v.mul(factor, r, r)
	}
	grid, n := v.pointer("grid"), v.integer("n", false)
	at, slope := v.GP64(), v.GP64()
	v.MOVQ(p, at)
	v.MOVQ(dp, slope)
	body := func(name string, load, store reg.Register) {
		x := v.register()
		for k, m := range []Mem{{Base: grid}, {Base: grid, Index: row, Scale: 1}, {Base: grid, Index: row, Scale: 2}} {
			o := v.register()
			v.load(m, load, o)
			if k == 0 {
				v.mul(o, direction[k], x)
			} else {
				v.fma(o, direction[k], x)
			}
		}
		values := []reg.VecVirtual{x}
		for l := 1; l < degree; l++ {
			next, scaled := v.register(), v.register()
			v.mul(c.up[l], x, scaled)
			if l == 1 {
				v.move(c.down[l], next)
			} else {
				v.mul(c.down[l], values[l-2], next)
			}
			v.fmsub231(scaled, values[l-1], next)
			values = append(values, next)
		}
		v.storeRows(at, row, store, values)
		v.unlessNil(name, "dp", func() {
			one := v.register()
			v.move(c.one, one)
			slopes := []reg.VecVirtual{one}
			for l := 1; l < degree; l++ {
				d := v.register()
				v.mul(c.odd[l], values[l-1], d)
				if l > 1 {
					v.add(slopes[l-2], d, d)
				}
				slopes = append(slopes, d)
			}
			v.storeRows(slope, row, store, slopes)
		})
	}
	pointers := []reg.GPVirtual{grid, at, slope}
	v.Label("whole")
	v.CMPQ(n, U32(v.lanes()))
	v.JLT(LabelRef("tail"))
	body("whole", nil, nil)
	for _, p := range pointers {
		v.ADDQ(U32(v.bytes), p)
	}
	v.SUBQ(U32(v.lanes()), n)
	v.JMP(LabelRef("whole"))
	v.Label("tail")
	v.TESTQ(n, n)
	v.JZ(LabelRef("swept"))
	if v.bytes == 64 {
		mask := v.mask(n)
		body("masked", mask, mask)
	} else {
		v.CMPQ(row, U32(v.bytes))
		v.JLT(LabelRef("short"))
		back := v.GP64()
		v.MOVQ(n, back)
		v.SHLQ(U8(v.shift()), back)
		v.SUBQ(U32(v.bytes), back)
		for _, p := range pointers {
			v.ADDQ(back, p)
		}
		body("back", nil, nil)
		v.JMP(LabelRef("swept"))
		v.Label("short")
		mask, last := v.mask(n), v.GP64()
		v.LEAQ(Mem{Base: at, Disp: v.bytes}, last)
		for range degree - 1 {
			v.ADDQ(row, last)
		}
		v.CMPQ(last, end)
		v.JHI(LabelRef("last"))
		body("over", mask, nil)
		v.JMP(LabelRef("swept"))
		v.Label("last")
		body("masked", mask, mask)
	}
	v.Label("swept")
	for range degree {
		v.ADDQ(row, p)
		v.ADDQ(row, dp)
	}
	v.ADDQ(U32(3*v.size), u)
	v.DECQ(left)
	v.JMP(LabelRef("edge"))
	v.Label("done")
	v.end()
}

// storeRows stores registers row bytes apart.
func (v *vector) storeRows(base, row reg.GPVirtual, mask reg.Register, values []reg.VecVirtual) {
	p := v.GP64()
	v.MOVQ(base, p)
	for i, r := range values {
		if i > 0 {
			v.ADDQ(row, p)
		}
		v.store(r, mask, Mem{Base: p})
	}
}
