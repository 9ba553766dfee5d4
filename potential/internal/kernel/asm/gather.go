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
//	for k := range c {
//		for a := range n {
//			sum := y[a*stride+k]
//			for e := range edges {
//				v := r[e,0,k]
//				for l := range degree {
//					v = FMA(p[e,l,a], r[e,l+1,k], v)
//				}
//				sum = FMA(v, x[index[e]*atom+a*orientation+k], sum)
//			}
//			y[a*stride+k] = sum
//		}
//	}
//
// with r [edge][degree+1][stride] and p [edge][degree][n]. The channels come in
// panels of two registers (AVX-512) or one, the orientations in tiles of eight
// and less; the edges are the innermost loop but for the tile.
//
// Register plan: the tile's sums, degree+1 for r per register of the panel, 1 for
// K per register, 1 for p. Rows of x are addressed from one pointer per four.
func messages(v *vector, degree int) {
	v.function(fmt.Sprintf("gather%d", degree),
		"(y, r, p, x *T, index *int32, edges, n, c, stride, atom, orientation int)",
		fmt.Sprintf("adds the messages of edges with kernels of degree %d.", degree))
	g := &gatherLoop{vector: v, degree: degree}
	g.row, g.points, g.step = v.integer("stride", true), v.integer("n", true), v.integer("orientation", true)
	g.atom = v.AllocLocal(8)
	v.MOVQ(v.integer("atom", true), g.atom)
	g.at, g.left = v.AllocLocal(8), v.AllocLocal(8)
	v.MOVQ(U32(0), g.at)
	channels := v.AllocLocal(8)
	v.MOVQ(v.integer("c", false), channels)
	panels := []int{1}
	if v.bytes == 64 {
		panels = []int{2, 1}
	}
	for _, width := range panels {
		loop, next := label("panel", width), label("below", width)
		v.Label(loop)
		v.CMPQ(channels, U32(width*v.lanes()))
		v.JLT(LabelRef(next))
		g.panel(loop, width)
		v.ADDQ(U32(width*v.bytes), g.at)
		v.SUBQ(U32(width*v.lanes()), channels)
		v.JMP(LabelRef(loop))
		v.Label(next)
	}
	v.end()
}

type gatherLoop struct {
	*vector
	degree            int
	row, points, step reg.GPVirtual // bytes: stride of channels, of p, of orientations in x
	atom, at, left    Mem           // bytes of an atom of x, of the panel; orientations left
}

// panel runs over all orientations for width registers of channels.
func (g *gatherLoop) panel(name string, width int) {
	y, first := g.GP64(), g.GP64() // the tile's place in y and p
	g.MOVQ(g.argument("y"), y)
	g.ADDQ(g.at, y)
	g.XORQ(first, first)
	n := g.integer("n", false)
	g.MOVQ(n, g.left)
	for _, height := range []int{8, 4, 2, 1} {
		loop, next := label(name, "tile", height), label(name, "below", height)
		g.Label(loop)
		g.CMPQ(g.left, U32(height))
		g.JLT(LabelRef(next))
		g.tile(loop, width, height, y, first)
		g.ADDQ(U32(height*g.size), first)
		g.SUBQ(U32(height), g.left)
		g.JMP(LabelRef(loop))
		g.Label(next)
	}
}

// tile sums over the edges for height orientations, and moves y on.
func (g *gatherLoop) tile(name string, width, height int, y, first reg.GPVirtual) {
	sums := g.registers(height * width)
	store := g.GP64()
	g.MOVQ(y, store)
	for a := range height {
		for i := range width {
			g.move(g.vector.at(y, i), sums[a*width+i])
		}
		g.ADDQ(g.row, y)
	}
	r, p, index, edges := g.GP64(), g.GP64(), g.pointer("index"), g.integer("edges", false)
	g.MOVQ(g.argument("r"), r)
	g.ADDQ(g.at, r)
	g.MOVQ(g.argument("p"), p)
	g.ADDQ(first, p)
	done, loop := label(name, "done"), label(name, "edge")
	g.TESTQ(edges, edges)
	g.JZ(LabelRef(done))
	g.Label(loop)
	x := g.GP64() // index[e]*atom + first/size*orientation + at
	g.MOVLQSX(Mem{Base: index}, x)
	g.IMULQ(g.atom, x)
	offset := g.GP64()
	g.MOVQ(first, offset)
	g.SHRQ(U8(g.shift()), offset)
	g.IMULQ(g.step, offset)
	g.ADDQ(offset, x)
	g.ADDQ(g.at, x)
	g.ADDQ(g.argument("x"), x)

	radial := make([]reg.VecVirtual, (g.degree+1)*width)
	for l := range g.degree + 1 {
		for i := range width {
			radial[l*width+i] = g.register()
			g.move(g.vector.at(r, i), radial[l*width+i])
		}
		g.ADDQ(g.row, r)
	}
	for a := range height {
		if a > 0 {
			g.ADDQ(g.step, x)
		}
		kernels := g.registers(width)
		for i := range width {
			g.move(radial[i], kernels[i])
		}
		angle := g.GP64()
		for l := 1; l <= g.degree; l++ {
			m := Mem{Base: p, Disp: a * g.size}
			switch l {
			case 2:
				m = m.Idx(g.points, 1)
			case 3:
				m = m.Idx(g.points, 2)
			case 4:
				g.LEAQ(Mem{Base: p, Index: g.points, Scale: 2}, angle)
				m = Mem{Base: angle, Disp: a * g.size}.Idx(g.points, 1)
			}
			value := g.register()
			g.broadcast(m, value)
			for i := range width {
				g.fma(radial[l*width+i], value, kernels[i])
			}
		}
		for i := range width {
			g.fma(g.vector.at(x, i), kernels[i], sums[a*width+i])
		}
	}
	for range g.degree {
		g.ADDQ(g.points, p)
	}
	g.ADDQ(U32(4), index)
	g.DECQ(edges)
	g.JNZ(LabelRef(loop))
	g.Label(done)
	for a := range height {
		for i := range width {
			g.move(sums[a*width+i], g.vector.at(store, i))
		}
		g.ADDQ(g.row, store)
	}
}

// messagesGrad implements, for a fixed degree and for whole registers of
// channels,
//
//	for e := range edges {
//		for k := range c {
//			for a := range n {
//				t := dy[a*stride+k] * x[index[e]*atom+a*orientation+k]
//				dr[e,0,k] += t
//				for l := range degree {
//					dr[e,l+1,k] = FMA(p[e,l,a], t, dr[e,l+1,k])
//				}
//			}
//		}
//	}
//
// Register plan: degree+1 sums, t, 1 for p.
func messagesGrad(v *vector, degree int) {
	v.function(fmt.Sprintf("gatherGrad%d", degree),
		"(dr, p, dy, x *T, index *int32, edges, n, c, stride, atom, orientation int)",
		fmt.Sprintf("adds the adjoint in r of gather%d.", degree))
	row, points, step := v.integer("stride", true), v.integer("n", true), v.integer("orientation", true)
	dr, p, index := v.pointer("dr"), v.pointer("p"), v.pointer("index")
	left := v.AllocLocal(8)
	v.MOVQ(v.integer("edges", false), left)
	v.Label("edge")
	v.CMPQ(left, U32(0))
	v.JLE(LabelRef("done"))
	at := v.GP64()
	v.XORQ(at, at)
	v.Label("channels")
	x, dy := v.GP64(), v.pointer("dy")
	v.MOVLQSX(Mem{Base: index}, x)
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
	angle, n := v.GP64(), v.integer("n", false)
	v.MOVQ(p, angle)
	v.Label("orientation")
	t := v.register()
	v.move(Mem{Base: dy}, t)
	v.mul(Mem{Base: x}, t, t)
	v.add(t, sums[0], sums[0])
	third := v.GP64()
	for l := 1; l <= degree; l++ {
		m := Mem{Base: angle}
		switch l {
		case 2:
			m = m.Idx(points, 1)
		case 3:
			m = m.Idx(points, 2)
		case 4:
			v.LEAQ(Mem{Base: angle, Index: points, Scale: 2}, third)
			m = Mem{Base: third}.Idx(points, 1)
		}
		value := v.register()
		v.broadcast(m, value)
		v.fma(value, t, sums[l])
	}
	v.ADDQ(row, dy)
	v.ADDQ(step, x)
	v.ADDQ(U32(v.size), angle)
	v.DECQ(n)
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
	v.ADDQ(U32(4), index)
	v.DECQ(left)
	v.JMP(LabelRef("edge"))
	v.Label("done")
	v.end()
}
