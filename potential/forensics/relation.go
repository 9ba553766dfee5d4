package forensics

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Relation is how energies and forces of a file go together.
type Relation struct {
	File      string     `json:"file"`
	Certainty Certainty  `json:"certainty"`
	Factor    float64    `json:"factor"` // by which forces would have to be multiplied; the slope where no unit, or several, are near; 0 if unknown
	Evidence  []Evidence `json:"evidence,omitempty"`
}

// Certainty says how sure a statement is.
type Certainty string

// The certainties, by what they rest on.
const (
	Certain Certainty = "certain" // the work between similar frames
	Likely  Certainty = "likely"  // the pair potential that fits the forces
	Unknown Certainty = "unknown" // sizes alone, or nothing
)

// Evidence is a comparison of labels with what they should be.
type Evidence struct {
	What        string  `json:"what"`
	Count       int     `json:"count"`
	Slope       float64 `json:"slope"` // expected over labelled, 1 if all is well
	Correlation float64 `json:"correlation"`
}

func (v Evidence) String() string {
	return fmt.Sprintf("%s, %d comparisons, slope %.3g, correlation %.3f", v.What, v.Count, v.Slope, v.Correlation)
}

// compare returns the slope of y over x, with the sign of their correlation:
//
//	slope = sgn(r) √(Σy²/Σx²),   r = Σxy/√(Σx² Σy²)
//
// Unlike that of least squares it is not flattened by errors of x. Values are
// taken as they are: subtract means before where there is an arbitrary zero.
func compare(what string, x, y []float64) Evidence {
	var xx, yy, xy float64
	for k := range x {
		xx += x[k] * x[k]
		yy += y[k] * y[k]
		xy += x[k] * y[k]
	}
	v := Evidence{What: what, Count: len(x)}
	if xx > 0 && yy > 0 {
		v.Correlation = xy / math.Sqrt(xx*yy)
		v.Slope = math.Copysign(math.Sqrt(yy/xx), xy)
	}
	return v
}

// What a comparison must reach to be believed.
const (
	certainCount       = 3
	certainCorrelation = 0.97
	likelyCount        = 20
	likelyCorrelation  = 0.7
)

func (v Evidence) certain() bool {
	return v.Count >= certainCount && math.Abs(v.Correlation) > certainCorrelation
}

func (v Evidence) likely() bool {
	return v.Count >= likelyCount && math.Abs(v.Correlation) > likelyCorrelation
}

// forceFactor is what forces in the file may have to be multiplied with.
type forceFactor struct {
	name  string
	value float64
	// energies tells that it is the energies that are in another unit, and have to
	// be multiplied with the inverse.
	energies bool
}

// forceFactors are those that occur, the right one first.
var forceFactors = []forceFactor{
	{"eV/Å", 1, false},
	{"eV/Bohr (or both in Hartree and Bohr)", 1 / bohr, false},
	{"Hartree/Bohr, energies in eV", hartree / bohr, false},
	{"Rydberg/Bohr, energies in eV", hartree / bohr / 2, false},
	{"eV/Å, energies in Hartree", 1 / hartree, true},
	{"kcal/mol/Å, energies in eV", kilocalorie, false},
	{"kJ/mol/Å, energies in eV", kilocalorie / 4.184, false},
	{"eV/Å, energies in kcal/mol", 1 / kilocalorie, true},
}

// CODATA 2018.
const (
	bohr        = 0.529177210903 // Å
	hartree     = 27.211386245988
	kilocalorie = 0.0433641153 // eV per kcal/mol
	gigapascal  = 1 / 160.2176634
)

// relations compares forces with the energies of the frames, file by file.
func (e *examination) relations() {
	for n, s := range e.sets {
		r := Relation{File: s.Name, Certainty: Unknown}
		byWork, byPairs := e.workOfForces(n), e.pairEnergies(n)
		var decisive Evidence
		switch {
		case byWork.certain():
			decisive, r.Certainty = byWork, Certain
		case byPairs.likely():
			decisive, r.Certainty = byPairs, Likely
		}
		for _, v := range []Evidence{byWork, byPairs} {
			if v.Count > 0 {
				r.Evidence = append(r.Evidence, v)
			}
		}
		if r.Evidence == nil {
			continue
		}
		if r.Certainty != Unknown {
			fit := factors(decisive.Slope, r.Certainty)
			r.Factor = decisive.Slope
			if len(fit) == 1 {
				r.Factor = math.Copysign(fit[0].value, decisive.Slope)
			}
			if r.Factor != 1 {
				e.wrongForces(n, fit, r.Certainty, decisive)
			}
		}
		e.result.Energy = append(e.result.Energy, r)
		e.contradictingForces(n, r)
	}
	e.sizes()
}

// factors are those a slope is near to, the nearest first: a pair potential knows it
// to a factor of a few only. The right one leaves out the others.
func factors(slope float64, c Certainty) (fit []forceFactor) {
	room := 1.25
	if c == Likely {
		room = 6
	}
	size := math.Abs(slope)
	for _, f := range forceFactors {
		if size > f.value/room && size < f.value*room {
			fit = append(fit, f)
		}
	}
	if len(fit) > 0 && fit[0].value == 1 {
		return fit[:1]
	}
	away := func(f forceFactor) float64 { return math.Abs(math.Log(size / f.value)) }
	slices.SortFunc(fit, func(a, b forceFactor) int { return cmp.Compare(away(a), away(b)) })
	if c == Certain {
		return fit[:min(1, len(fit))]
	}
	return fit
}

func (e *examination) wrongForces(set int, fit []forceFactor, c Certainty, v Evidence) {
	var advice, names []string
	reversed := v.Slope < 0
	for _, f := range fit {
		names = append(names, f.name)
		switch {
		case f.energies:
			advice = append(advice, fmt.Sprintf("multiply the energies by %.6g", 1/f.value))
			if reversed {
				advice[len(advice)-1] += " and multiply the forces by -1"
			}
		default:
			advice = append(advice, fmt.Sprintf("multiply the forces by %.6g", math.Copysign(f.value, v.Slope)))
		}
	}
	if len(fit) == 0 {
		names, advice = []string{"an unknown unit"}, []string{fmt.Sprintf("multiply the forces by %.6g", v.Slope)}
	}
	if len(fit) > 1 {
		advice = []string{"find out which, and convert both to eV and eV/Å: " + strings.Join(advice, ", or ")}
	}
	what := fmt.Sprintf("the forces are not those of the energies but in %s", strings.Join(names, ", or in "))
	if reversed {
		what += " and of the opposite sign (∂E/∂x in place of −∂E/∂x)"
	}
	if reversed && len(fit) == 1 && fit[0].value == 1 {
		what = "the forces have the opposite sign: ∂E/∂x in place of −∂E/∂x"
	}
	severity := Error
	if c == Likely {
		severity = Warning
	}
	e.add(severity, "force-unit", []Place{{File: e.sets[set].Name}}, advice[0], "%s (%s: %v)", what, c, v)
}

// workOfForces compares energy differences with the work of the forces, over the
// steps in a file that do not strain the cell.
func (e *examination) workOfForces(set int) Evidence {
	var x, y []float64
	for _, s := range e.steps {
		if s.strained || !e.within(s, set) || s.forces == 0 {
			continue
		}
		x, y = append(x, s.forces), append(y, s.energy)
	}
	return compare("energy differences of similar frames and the work of the forces", x, y)
}

func (e *examination) within(s step, set int) bool {
	return e.items[s.from].set == set && e.items[s.to].set == set
}

// pairEnergies compares the energies with those of the pair potential, beside
// the mean of each composition.
func (e *examination) pairEnergies(set int) Evidence {
	if e.pairs == nil {
		return Evidence{}
	}
	type sums struct{ count, x, y float64 }
	mean := map[string]*sums{}
	var use []int
	for k := range e.items {
		it := &e.items[k]
		if it.set != set || it.labels.Energy == nil || it.labels.Forces == nil || math.IsNaN(e.pairs.energy[k]) || it.isolated() {
			continue
		}
		c := composition(it.frame)
		if mean[c] == nil {
			mean[c] = &sums{}
		}
		m := mean[c]
		m.count++
		m.x += e.pairs.energy[k]
		m.y += *it.labels.Energy
		use = append(use, k)
	}
	var x, y []float64
	for _, k := range use {
		it := &e.items[k]
		m, n := mean[composition(it.frame)], float64(len(it.frame.Species))
		if m.count > 1 {
			x = append(x, (e.pairs.energy[k]-m.x/m.count)/n)
			y = append(y, (*it.labels.Energy-m.y/m.count)/n)
		}
	}
	return compare("energies and those of the pair potential that fits the forces", x, y)
}

// contradictingForces finds frames whose energy or forces do not go with those
// of similar frames, in a file where most do.
func (e *examination) contradictingForces(set int, r Relation) {
	if r.Factor != 1 || r.Certainty != Certain {
		return
	}
	var bad [][2]int
	for _, s := range e.steps {
		if !s.strained && e.within(s, set) && math.Abs(s.energy-s.forces) > 0.3*s.bend+0.1*math.Abs(s.forces)+2e-3 {
			bad = append(bad, [2]int{s.from, s.to})
		}
	}
	if frames := blame(bad); len(frames) > 0 {
		e.add(Warning, "force-contradiction", e.places(frames...), "look whether these calculations converged and belong to these positions",
			"%s whose energy and forces do not go with those of similar frames", plural(len(frames), "frame"))
	}
}

// blame returns few items that explain all contradictions: those with most of
// them, one by one.
func blame(bad [][2]int) (items []int) {
	for len(bad) > 0 {
		count := map[int]int{}
		for _, b := range bad {
			count[b[0]]++
			count[b[1]]++
		}
		worst := bad[0][0]
		for k, n := range count {
			if n > count[worst] || n == count[worst] && k < worst {
				worst = k
			}
		}
		items = append(items, worst)
		bad = slices.DeleteFunc(bad, func(b [2]int) bool { return b[0] == worst || b[1] == worst })
	}
	slices.Sort(items)
	return items
}

// Typical sizes of a force component in eV/Å: from cold crystals to burning.
const (
	smallForces = 1e-3
	largeForces = 15
)

// sizes warns of forces of a size that no unit of eV/Å explains.
func (e *examination) sizes() {
	if f := e.result.Forces; f != nil && f.RMS > largeForces {
		e.add(Warning, "force-unit", nil, "are they in kcal/mol/Å (and energies in kcal/mol)? both must be in eV",
			"the forces have a root mean square of %.3g eV/Å, where %g to %g is usual", f.RMS, smallForces, float64(largeForces))
	}
}
