package forensics

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"ponita/xyz"
)

// shearOrder is an order of the shear components in a label: what is yz, xz, xy
// stands as component order[0], order[1], order[2] of them.
type shearOrder struct {
	name  string
	order [3]int
}

// from lists the components of the label that are yz, xz, xy.
func (o shearOrder) from() string {
	names := [3]string{"yz", "xz", "xy"}
	return fmt.Sprintf("%s, %s, %s", names[o.order[0]], names[o.order[1]], names[o.order[2]])
}

// orders are those that occur, the right one first.
var orders = []shearOrder{
	{"yz xz xy", [3]int{0, 1, 2}},
	{"xy yz xz, as VASP prints them", [3]int{1, 2, 0}}, // what is read as yz is xy, as xz is yz, as xy is xz
	{"xy xz yz", [3]int{2, 1, 0}},
	{"xz yz xy", [3]int{1, 0, 2}},
	{"yz xy xz", [3]int{0, 2, 1}},
	{"xz xy yz", [3]int{2, 0, 1}},
}

// checkShear compares the shear components once the unit is known.
func (e *examination) checkShear(set int, c *Convention, w witness, u stressUnit, sign float64) {
	evidence, best := inOrders("shear by "+w.what, func(order [3]int) (x, y []float64) { return w.shear(u, order) })
	plain := evidence[0]
	if plain.Count == 0 {
		return
	}
	c.Evidence = append(c.Evidence, plain)
	where := []Place{{File: e.sets[set].Name}}
	switch {
	case plain.Count < likelyCount && w.certainty == Likely || plain.Count < certainCount+1:
	case good(sign*plain.Slope, math.Abs(plain.Correlation), w.certainty):
	case best != 0 && w.enough(evidence[best]) && good(sign*evidence[best].Slope, math.Abs(evidence[best].Correlation), w.certainty):
		e.add(Error, "stress-order", where, "write the components in the order xx yy zz yz xz xy, or all nine",
			"the shear components are in the order %s (%s: %v)", orders[best].name, w.certainty, evidence[best])
	case w.enough(plain) && plain.Slope*sign < 0:
		e.add(Error, "stress-shear", where, "change the sign of the shear components, or leave the stress out",
			"the shear stress has the opposite sign of the diagonal (%s: %v)", w.certainty, plain)
	case w.certainty == Certain:
		frames := blame(e.badShear(set, u, sign))
		if len(frames) > 0 {
			where = e.places(frames...)
		}
		e.add(Error, "stress-shear", where, "keep the stress of these frames out of training (config_stress_weight=0 in each, or stress_weight = 0): their shear is not converged, or of another order or sign",
			"the shear stress contradicts the energies, while the diagonal agrees (%s: %v)", w.certainty, plain)
	case plain.Correlation*sign < 0.3:
		e.add(Warning, "stress-shear", where, "look at the order and the sign of its components",
			"the shear stress has little to do with the forces, while the diagonal has (%s: %v)", w.certainty, plain)
	}
}

// inOrders compares the shear in every order, and returns which goes best: the
// right one, unless another is better by some margin.
func inOrders(what string, shear func(order [3]int) (label, expected []float64)) (evidence []Evidence, best int) {
	evidence = make([]Evidence, len(orders))
	for k, o := range orders {
		x, y := shear(o.order)
		evidence[k] = compare(what, x, y)
		if math.Abs(evidence[k].Correlation) > math.Abs(evidence[best].Correlation)+0.02 {
			best = k
		}
	}
	return evidence, best
}

// checkKinds compares the shear of each config_type with the pair potential, in a
// file of several: those of one source may have another order, which the larger
// shears of the others hide. It returns what it compared, and whether one is wrong.
func (e *examination) checkKinds(set int, u stressUnit, sign float64) (compared []Evidence, wrong bool) {
	kinds := map[string][]int{}
	for _, k := range e.itemsOf(set) {
		name := cmp.Or(e.items[k].frame.ConfigType(), xyz.NoConfigType)
		kinds[name] = append(kinds[name], k)
	}
	if len(kinds) < 2 {
		return nil, false
	}
	type odd struct {
		name    string
		order   shearOrder
		plain   Evidence
		ordered Evidence
	}
	var odds []odd
	var right []string
	for _, name := range slices.Sorted(maps.Keys(kinds)) {
		evidence, best := inOrders(fmt.Sprintf("shear of config_type %s by %s", name, pairWitness),
			func(order [3]int) (x, y []float64) { return e.pairShear(kinds[name], u, order) })
		plain, v := evidence[0], evidence[best]
		if plain.Count < likelyCount || plain.Slope == 0 { // no shear by symmetry
			continue
		}
		compared = append(compared, plain)
		switch {
		case good(sign*plain.Slope, math.Abs(plain.Correlation), Likely):
			right = append(right, name)
		case best != 0 && v.likely() && good(sign*v.Slope, math.Abs(v.Correlation), Likely):
			odds = append(odds, odd{name, orders[best], plain, v})
		}
	}
	rest := ""
	if len(right) > 0 {
		rest = "; in the right order are those of " + strings.Join(right, ", ")
	}
	for _, o := range odds {
		e.add(Error, "stress-order", e.places(kinds[o.name]...),
			fmt.Sprintf("in these frames take yz, xz, xy from what is there as %s, or keep their stress out of training (config_stress_weight=0 in each, or stress_weight = 0)", o.order.from()),
			"the shear components of config_type %s are in the order %s (%s: %v; as they are %.3f)%s",
			o.name, o.order.name, Likely, o.ordered, o.plain.Correlation, rest)
	}
	return compared, len(odds) > 0
}

// good tells whether a comparison is as expected.
func good(slope, correlation float64, c Certainty) bool {
	if c == Certain {
		return correlation > 0.9 && slope > 0.75 && slope < 1.33
	}
	return correlation > 0.5 && slope > 0.1 && slope < 10
}

// badShear lists the steps on which the shear stress contradicts the energies.
func (e *examination) badShear(set int, u stressUnit, sign float64) (bad [][2]int) {
	for _, s := range e.steps {
		if !s.strained || !e.within(s, set) {
			continue
		}
		scale := sign * u.scale(s.volume)
		shear := scale * s.sheared(orders[0].order)
		y := s.energy - s.forces - scale*s.diagonal
		atoms := float64(len(e.items[s.from].frame.Species))
		if math.Abs(y-shear) > 0.3*max(math.Abs(y), math.Abs(shear))+2e-5*atoms && s.shears() {
			bad = append(bad, [2]int{s.from, s.to})
		}
	}
	return bad
}

// workOfShear compares the work of the shear, with the diagonal taken off.
func (e *examination) workOfShear(set int, u stressUnit, order [3]int) (x, y []float64) {
	label, expected := e.workOfStress(set, u)
	sign := math.Copysign(1, compare("", label, expected).Slope)
	for _, s := range e.steps {
		if s.strained && s.shears() && e.within(s, set) {
			scale := u.scale(s.volume)
			x, y = append(x, scale*s.sheared(order)), append(y, s.energy-s.forces-sign*scale*s.diagonal)
		}
	}
	return x, y
}

func (e *examination) pairShear(items []int, u stressUnit, order [3]int) (x, y []float64) {
	e.eachPairStress(items, func(label *[3][3]float64, expected [3][3]float64, volume float64) {
		for n, c := range shearComponents {
			l := shearComponents[order[n]]
			x, y = append(x, u.scale(volume)*label[l[0]][l[1]]), append(y, expected[c[0]][c[1]])
		}
	})
	return x, y
}
