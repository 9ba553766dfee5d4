package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func gather(ctx *build.Context) {
	for degree := 1; degree <= mostDegrees; degree++ {
		each(ctx, func(v *vector) { messages(v, degree) })
		each(ctx, func(v *vector) { messagesGrad(v, degree) })
	}
}

// messages implements, for a fixed degree and for whole registers of channels,
//
//	for a := range half {
//		b := a + half // opposite
//		for k := range c {
//			sum, opposite := y[a*stride+k], y[b*stride+k]
//			for e := range edges {
//				plus := r[e,0,k]
//				for l even {
//					plus = FMA(p[e,l-1,a], r[e,l,k], plus)
//				}
//				minus := plus
//				for l odd {
//					plus = FMA(p[e,l-1,a], r[e,l,k], plus)
//					minus = FMA(-p[e,l-1,a], r[e,l,k], minus)
//				}
//				sum = FMA(plus, x[index[e]*atom+a*orientation+k], sum)
//				opposite = FMA(minus, x[index[e]*atom+b*orientation+k], opposite)
//			}
//			y[a*stride+k], y[b*stride+k] = sum, opposite
//		}
//	}
//
// with r [edge][degree+1][stride] and p [edge][degree][half]. The pairs of orientations
// come in tiles of four and less, the channels in panels of two registers (AVX-512) or
// one; the edges are the innermost loop but for the tile. Panels are within tiles since
// two of AVX2 share the cache lines of x.
//
// Register plan: two sums for each pair of the tile, degree+1 for r, plus and minus
// per register of the panel, 1 for p.
func messages(v *vector, degree int) {
	v.function(fmt.Sprintf("gather%d", degree),
		"(y, r, p, x *T, index *int32, edges, half, c, stride, atom, orientation int)",
		fmt.Sprintf("adds the messages of edges with kernels of degree %d.", degree))
	g := &gatherLoop{vector: v, degree: degree}
	g.row, g.points, g.step = v.integer("stride", true), v.integer("half", true), v.integer("orientation", true)
	for _, local := range []*Mem{&g.atom, &g.halfRow, &g.tileRow, &g.first, &g.at, &g.left, &g.channels} {
		*local = v.AllocLocal(8)
	}
	v.MOVQ(v.integer("atom", true), g.atom)
	opposite := v.integer("half", false)
	v.MOVQ(opposite, g.left)
	v.IMULQ(g.row, opposite)
	v.MOVQ(opposite, g.halfRow)
	g.halfStep = v.integer("half", false)
	v.IMULQ(g.step, g.halfStep)
	v.MOVQ(v.pointer("y"), g.tileRow)
	v.MOVQ(U32(0), g.first)
	for _, height := range []int{4, 2, 1} {
		loop, next := label("tile", height), label("below", height)
		v.Label(loop)
		v.CMPQ(g.left, U32(height))
		v.JLT(LabelRef(next))
		g.prefetch(loop, height)
		g.panels(loop, height)
		row := v.GP64()
		v.MOVQ(g.tileRow, row)
		for range height {
			v.ADDQ(g.row, row)
		}
		v.MOVQ(row, g.tileRow)
		v.ADDQ(U32(height*v.size), g.first)
		v.SUBQ(U32(height), g.left)
		v.JMP(LabelRef(loop))
		v.Label(next)
	}
	v.end()
}

type gatherLoop struct {
	*vector
	degree            int
	row, points, step reg.GPVirtual // bytes: stride of channels, of p, of orientations in x
	halfStep          reg.GPVirtual // bytes to the opposite orientation in x
	atom, halfRow     Mem           // bytes of an atom of x, to the opposite orientation in y
	tileRow, first    Mem           // the tile's place in y and, in bytes, in p
	at                Mem           // bytes of the panel
	left, channels    Mem           // pairs of orientations and channels that are left
}

// prefetch fetches what the next tile needs of the neighbours.
func (g *gatherLoop) prefetch(name string, height int) {
	none, loop := label(name, "fetched"), label(name, "fetch")
	g.CMPQ(g.left, U32(height))
	g.JLE(LabelRef(none))
	base, index, edges := g.GP64(), g.pointer("index"), g.integer("edges", false)
	g.MOVQ(g.first, base)
	g.SHRQ(U8(g.shift()), base)
	g.ADDQ(U32(height), base)
	g.IMULQ(g.step, base)
	g.ADDQ(g.argument("x"), base)
	g.TESTQ(edges, edges)
	g.JZ(LabelRef(none))
	g.Label(loop)
	x := g.GP64()
	g.MOVLQSX(Mem{Base: index}, x)
	g.IMULQ(g.atom, x)
	g.ADDQ(base, x)
	for a := range height {
		if a > 0 {
			g.ADDQ(g.step, x)
		}
		g.PREFETCHT0(Mem{Base: x})
		g.PREFETCHT0(Mem{Base: x, Index: g.halfStep, Scale: 1})
	}
	g.ADDQ(U32(4), index)
	g.DECQ(edges)
	g.JNZ(LabelRef(loop))
	g.Label(none)
}

// panels runs over all channels for height pairs of orientations.
func (g *gatherLoop) panels(name string, height int) {
	g.MOVQ(U32(0), g.at)
	c := g.integer("c", false)
	g.MOVQ(c, g.channels)
	widths := []int{1}
	if g.bytes == 64 {
		widths = []int{2, 1}
	}
	for _, width := range widths {
		loop, next := label(name, "panel", width), label(name, "below", width)
		g.Label(loop)
		g.CMPQ(g.channels, U32(width*g.lanes()))
		g.JLT(LabelRef(next))
		g.tile(loop, width, height)
		g.ADDQ(U32(width*g.bytes), g.at)
		g.SUBQ(U32(width*g.lanes()), g.channels)
		g.JMP(LabelRef(loop))
		g.Label(next)
	}
}

// tile sums over the edges for height pairs of orientations and width registers of
// channels.
func (g *gatherLoop) tile(name string, width, height int) {
	y := g.GP64()
	g.MOVQ(g.tileRow, y)
	g.ADDQ(g.at, y)
	sums := [2][]reg.VecVirtual{g.registers(height * width), g.registers(height * width)}
	g.eachSum(sums, width, y, func(sum reg.VecVirtual, m Mem) { g.move(m, sum) })
	r, p, index, edges := g.GP64(), g.GP64(), g.pointer("index"), g.integer("edges", false)
	g.MOVQ(g.argument("r"), r)
	g.ADDQ(g.at, r)
	g.MOVQ(g.argument("p"), p)
	g.ADDQ(g.first, p)
	base := g.GP64() // of the tile in atom 0: x + first/size*orientation + at
	g.MOVQ(g.first, base)
	g.SHRQ(U8(g.shift()), base)
	g.IMULQ(g.step, base)
	g.ADDQ(g.at, base)
	g.ADDQ(g.argument("x"), base)
	done, loop := label(name, "done"), label(name, "edge")
	g.TESTQ(edges, edges)
	g.JZ(LabelRef(done))
	g.Label(loop)
	x := g.GP64()
	g.MOVLQSX(Mem{Base: index}, x)
	g.IMULQ(g.atom, x)
	g.ADDQ(base, x)

	radial := make([]reg.VecVirtual, (g.degree+1)*width)
	for l := range g.degree + 1 {
		for i := range width {
			radial[l*width+i] = g.register()
			m := g.vector.at(r, i)
			if l%3 > 0 {
				m = m.Idx(g.row, uint8(l%3)) // 1 or 2
			}
			g.move(m, radial[l*width+i])
		}
		if l%3 == 2 || l == g.degree { // on to the next row that is addressed without an index
			g.rows(r, 1+l%3)
		}
	}
	for a := range height {
		if a > 0 {
			g.ADDQ(g.step, x)
		}
		plus, minus := g.kernels(radial, width, p, a)
		for i := range width {
			g.fma(g.vector.at(x, i), plus[i], sums[0][a*width+i])
			g.fma(g.vector.at(x, i).Idx(g.halfStep, 1), minus[i], sums[1][a*width+i])
		}
	}
	for left := g.degree; left > 0; left -= 2 {
		g.LEAQ(Mem{Base: p, Index: g.points, Scale: uint8(min(left, 2))}, p)
	}
	g.ADDQ(U32(4), index)
	g.DECQ(edges)
	g.JNZ(LabelRef(loop))
	g.Label(done)
	g.eachSum(sums, width, y, func(sum reg.VecVirtual, m Mem) { g.move(sum, m) })
}

// rows moves r on by one to three rows.
func (g *gatherLoop) rows(r reg.GPVirtual, count int) {
	if count > 1 {
		g.LEAQ(Mem{Base: r, Index: g.row, Scale: 2}, r)
		count -= 2
	}
	if count > 0 {
		g.ADDQ(g.row, r)
	}
}

// eachSum calls f with the sums of a tile and their places from y on.
func (g *gatherLoop) eachSum(sums [2][]reg.VecVirtual, width int, y reg.GPVirtual, f func(sum reg.VecVirtual, m Mem)) {
	for side, sums := range sums {
		place := g.GP64()
		g.MOVQ(y, place)
		if side == 1 {
			g.ADDQ(g.halfRow, place)
		}
		for k, sum := range sums {
			if k > 0 && k%width == 0 {
				g.ADDQ(g.row, place)
			}
			f(sum, g.vector.at(place, k%width))
		}
	}
}

// kernels returns K at orientation a of the tile and at the opposite one.
func (g *gatherLoop) kernels(radial []reg.VecVirtual, width int, p reg.GPVirtual, a int) (plus, minus []reg.VecVirtual) {
	legendre := func(l int) reg.VecVirtual {
		value := g.register()
		g.broadcast(g.polynomial(p, g.points, l, a*g.size), value)
		return value
	}
	plus, minus = g.registers(width), g.registers(width)
	if g.degree == 1 {
		for i := range width {
			g.move(radial[i], plus[i])
		}
	}
	for l := 2; l <= g.degree; l += 2 {
		value := legendre(l)
		for i := range width {
			if l == 2 {
				g.move(value, plus[i])
				g.fma213(radial[i], radial[2*width+i], plus[i])
			} else {
				g.fma(radial[l*width+i], value, plus[i])
			}
		}
	}
	for i := range width {
		g.move(plus[i], minus[i])
	}
	for l := 1; l <= g.degree; l += 2 {
		value := legendre(l)
		for i := range width {
			g.fma(radial[l*width+i], value, plus[i])
			g.fnma(radial[l*width+i], value, minus[i])
		}
	}
	return plus, minus
}

// polynomial addresses P_l, disp bytes behind the first one of its row: p points to that
// of l = 1 and rows are points bytes apart.
func (v *vector) polynomial(p, points reg.GPVirtual, l, disp int) Mem {
	m := Mem{Base: p, Disp: disp}
	switch l {
	case 2:
		return m.Idx(points, 1)
	case 3:
		return m.Idx(points, 2)
	case 4:
		third := v.GP64()
		v.LEAQ(Mem{Base: p, Index: points, Scale: 2}, third)
		return Mem{Base: third, Disp: disp}.Idx(points, 1)
	}
	return m
}

// messagesGrad implements, for a fixed degree and for whole registers of
// channels,
//
//	for e := range edges {
//		for k := range c {
//			for a := range half {
//				b := a + half
//				t := dy[a*stride+k] * x[index[e]*atom+a*orientation+k]
//				even := FMA(dy[b*stride+k], x[index[e]*atom+b*orientation+k], t)
//				odd := FMA(-dy[b*stride+k], x[index[e]*atom+b*orientation+k], t)
//				dr[e,0,k] += even
//				for l := 1; l <= degree; l++ {
//					dr[e,l,k] = FMA(p[e,l-1,a], even or odd, dr[e,l,k])
//				}
//			}
//		}
//	}
//
// Register plan: degree+1 sums, even, odd, 2 temporaries.
func messagesGrad(v *vector, degree int) {
	v.function(fmt.Sprintf("gatherGrad%d", degree),
		"(dr, p, dy, x *T, index *int32, edges, half, c, stride, atom, orientation int)",
		fmt.Sprintf("adds the adjoint in r of gather%d.", degree))
	row, points, step := v.integer("stride", true), v.integer("half", true), v.integer("orientation", true)
	dr, p := v.pointer("dr"), v.pointer("p")
	halfRow, halfStep := v.integer("half", false), v.integer("half", false)
	v.IMULQ(row, halfRow)
	v.IMULQ(step, halfStep)
	edge := v.AllocLocal(8)
	v.MOVQ(U32(0), edge)
	v.Label("edge")
	e := v.GP64()
	v.MOVQ(edge, e)
	v.CMPQ(e, v.argument("edges"))
	v.JGE(LabelRef("done"))
	at := v.GP64()
	v.XORQ(at, at)
	v.Label("channels")
	x, dy, index := v.GP64(), v.pointer("dy"), v.pointer("index")
	v.MOVQ(edge, x)
	v.MOVLQSX(Mem{Base: index, Index: x, Scale: 4}, x)
	v.IMULQ(v.argument("atom"), x)
	v.SHLQ(U8(v.shift()), x)
	v.ADDQ(v.argument("x"), x)
	v.ADDQ(at, x)
	v.ADDQ(at, dy)
	sums, place := v.registers(degree+1), v.GP64()
	v.LEAQ(Mem{Base: dr, Index: at, Scale: 1}, place)
	for l, sum := range sums {
		if l > 0 {
			v.ADDQ(row, place)
		}
		v.move(Mem{Base: place}, sum)
	}
	angle, left := v.GP64(), v.integer("half", false)
	v.MOVQ(p, angle)
	v.Label("orientation")
	even, odd, opposite := v.register(), v.register(), v.register()
	v.move(Mem{Base: dy}, even)
	v.mul(Mem{Base: x}, even, even)
	v.move(even, odd)
	v.move(Mem{Base: dy, Index: halfRow, Scale: 1}, opposite)
	v.fma(Mem{Base: x, Index: halfStep, Scale: 1}, opposite, even)
	v.fnma(Mem{Base: x, Index: halfStep, Scale: 1}, opposite, odd)
	v.add(even, sums[0], sums[0])
	for l := 1; l <= degree; l++ {
		value := v.register()
		v.broadcast(v.polynomial(angle, points, l, 0), value)
		if l%2 == 0 {
			v.fma(value, even, sums[l])
		} else {
			v.fma(value, odd, sums[l])
		}
	}
	v.ADDQ(row, dy)
	v.ADDQ(step, x)
	v.ADDQ(U32(v.size), angle)
	v.DECQ(left)
	v.JNZ(LabelRef("orientation"))
	v.LEAQ(Mem{Base: dr, Index: at, Scale: 1}, place)
	for l, sum := range sums {
		if l > 0 {
			v.ADDQ(row, place)
		}
		v.move(sum, Mem{Base: place})
	}
	v.ADDQ(U32(v.bytes), at)
	next := v.GP64()
	v.MOVQ(at, next)
	v.SHRQ(U8(v.shift()), next)
	v.CMPQ(next, v.argument("c"))
	v.JLT(LabelRef("channels"))
	for range degree {
		v.ADDQ(row, dr)
		v.ADDQ(points, p)
	}
	v.ADDQ(row, dr)
	v.INCQ(edge)
	v.JMP(LabelRef("edge"))
	v.Label("done")
	v.end()
}
