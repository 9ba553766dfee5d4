package forensics

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat"
)

// Convention is the unit and sign of the stresses of a file, as far as the other
// labels tell.
type Convention struct {
	File      string     `json:"file"`
	Key       string     `json:"key"`
	Unit      string     `json:"unit,omitempty"`
	Positive  string     `json:"positive_in,omitempty"` // tension or compression
	Certainty Certainty  `json:"certainty"`
	RMS       float64    `json:"rms"` // of all components, in the unit of the label
	Evidence  []Evidence `json:"evidence,omitempty"`
}

func (c Convention) String() string {
	if c.Certainty == Unknown {
		return "unit and sign unknown"
	}
	return fmt.Sprintf("%s, positive in %s (%s)", c.Unit, c.Positive, c.Certainty)
}

const (
	tension     = "tension"
	compression = "compression"
)

// stressUnit is what a label may be in. Times the factor, and for a virial or
// the like times a power of the volume, it is in eV/Å³.
type stressUnit struct {
	name   string
	factor float64
	volume float64 // power
	// positive is the state in which such a label is positive.
	positive string
}

func (u stressUnit) scale(volume float64) float64 { return u.factor * math.Pow(volume, u.volume) }

// A label under a key of a virial W has been converted to −W/V when it comes
// here, so what it may have been instead is a stress: times V, minus.
var (
	ofStress = []stressUnit{
		{"eV/Å³", 1, 0, tension}, {"kbar", gigapascal / 10, 0, tension}, {"GPa", gigapascal, 0, tension}, {"bar", gigapascal / 1e4, 0, tension},
		{"eV (a virial)", -1, -1, compression}, {"Hartree/Bohr³", hartree / (bohr * bohr * bohr), 0, tension},
	}
	ofVirial = []stressUnit{
		{"eV", 1, 0, compression}, {"eV/Å³ (a stress)", -1, 1, tension}, {"kbar (a stress)", -gigapascal / 10, 1, tension},
		{"GPa (a stress)", -gigapascal, 1, tension}, {"Hartree", hartree, 0, compression},
	}
)

// conventions finds the unit and sign of the stresses of every file, and whether
// their shear components go with the rest.
func (e *examination) conventions() {
	for n, s := range e.sets {
		if e.result.Files[n].Stresses == 0 {
			continue
		}
		c := Convention{File: s.Name, Key: s.Labeling.Stress, Certainty: Unknown, RMS: e.stressRMS(n)}
		units := ofStress
		if c.Key == "" {
			c.Key, units = s.Labeling.Virial, ofVirial
		}
		if c.RMS > 0 {
			e.convention(n, &c, units)
		}
		e.result.Stress = append(e.result.Stress, c)
	}
}

func (e *examination) stressRMS(set int) float64 {
	sum, count := 0., 0.
	for k := range e.items {
		if it := &e.items[k]; it.set == set && it.labels.Stress != nil && crystal(it.frame) {
			for _, row := range it.labels.Stress {
				sum += dot(row, row) / 9
			}
			count++
		}
	}
	return math.Sqrt(sum / count)
}

// pairWitness is what the second witness is called.
const pairWitness = "the pair potential that fits the forces"

// witness compares the stresses of a file with one kind of evidence, for a unit
// and an order of the shear components.
type witness struct {
	what      string
	certainty Certainty
	enough    func(Evidence) bool
	diagonal  func(u stressUnit) (label, expected []float64)
	shear     func(u stressUnit, order [3]int) (label, expected []float64)
}

func (e *examination) convention(set int, c *Convention, units []stressUnit) {
	items := e.itemsOf(set)
	witnesses := []witness{
		{"work on strained copies", Certain, Evidence.certain,
			func(u stressUnit) (x, y []float64) { return e.workOfStress(set, u) },
			func(u stressUnit, order [3]int) (x, y []float64) { return e.workOfShear(set, u, order) }},
		{pairWitness, Likely, Evidence.likely,
			func(u stressUnit) (x, y []float64) { return e.pairStress(items, u) },
			func(u stressUnit, order [3]int) (x, y []float64) { return e.pairShear(items, u, order) }},
	}
	var kinds []Evidence
	mixed := false
	for _, w := range witnesses {
		fit, unit, v := w.units(units)
		if v.Count > 0 {
			c.Evidence = append(c.Evidence, v)
		}
		if !w.enough(v) {
			continue
		}
		if c.Certainty == Unknown {
			e.wrongUnit(set, fit, unit, v, w.certainty, units[0])
			if len(fit) == 0 {
				return // there is no scale to compare the shear on
			}
			c.Certainty, c.Unit, c.Positive = w.certainty, names(fit), unit.sign(v.Slope < 0)
			kinds, mixed = e.checkKinds(set, unit, math.Copysign(1, v.Slope))
		}
		if !mixed || w.certainty == Certain { // else the frames are judged one kind at a time
			e.checkShear(set, c, w, unit, math.Copysign(1, v.Slope))
		}
	}
	c.Evidence = append(c.Evidence, kinds...)
	switch typical := 2.; {
	case c.Certainty != Unknown:
	case c.Key == e.sets[set].Labeling.Stress && c.RMS > typical:
		e.add(Warning, "stress-unit", []Place{{File: c.File}}, "convert to eV/Å³: kbar by 1/1602.177, GPa by 1/160.2177",
			"the stress has a root mean square of %.3g, too large for eV/Å³; nothing in the data tells more", c.RMS)
	default:
		e.add(Note, "stress-unit", []Place{{File: c.File}}, "make sure they are in eV/Å³, positive in tension (a virial: eV, positive in compression)",
			"nothing in the data tells the unit and sign of the %s, root mean square %.3g", c.Key, c.RMS)
	}
}

// room is up to which factor beside the expected a slope is that of a unit.
func (w witness) room() float64 {
	if w.certainty == Certain {
		return 1.3
	}
	return 6
}

// units returns the units in which the diagonal of the label is what is expected,
// none or several where the witness knows no better, and one of them, or else the
// nearest, with its comparison: the slope is the ratio beside the unit, with the sign.
// The first of the candidates comes first, then those that need no volume: what has
// the key of a stress is rather one in kbar than a virial.
func (w witness) units(candidates []stressUnit) (fit []stressUnit, unit stressUnit, v Evidence) {
	// A volume that varies shows which power of it is right; one that does
	// not leaves the first of equal candidates.
	worse := func(v Evidence) float64 {
		return math.Abs(math.Log(math.Abs(v.Slope))) + 5*(1-math.Abs(v.Correlation))
	}
	all := make([]Evidence, len(candidates))
	nearest := 0
	for k, u := range candidates {
		x, y := w.diagonal(u)
		all[k] = compare("diagonal of the stress by "+w.what, x, y)
		if all[k].Slope != 0 && worse(all[k]) < worse(all[nearest])-0.05 {
			nearest = k
		}
	}
	// Twice what the nearest leaves unexplained is a power of the volume that is wrong.
	unexplained := func(v Evidence) float64 { return 1 - math.Abs(v.Correlation) + 1e-6 }
	fits := func(k int) bool {
		size := math.Abs(all[k].Slope)
		return size > 1/w.room() && size < w.room() && unexplained(all[k]) < 2*unexplained(all[nearest])
	}
	switch {
	case !fits(nearest):
		return nil, candidates[nearest], all[nearest]
	case w.certainty == Certain:
		return candidates[nearest : nearest+1], candidates[nearest], all[nearest]
	case fits(0):
		return candidates[:1], candidates[0], all[0]
	}
	first := nearest
	for k, u := range candidates {
		if fits(k) {
			fit = append(fit, u)
			if u.volume == 0 && candidates[first].volume != 0 {
				first = k
			}
		}
	}
	slices.SortStableFunc(fit, func(a, b stressUnit) int { return cmp.Compare(math.Abs(a.volume), math.Abs(b.volume)) })
	return fit, candidates[first], all[first]
}

// names joins the names of units.
func names(units []stressUnit) string {
	var list []string
	for _, u := range units {
		list = append(list, u.name)
	}
	return strings.Join(list, " or ")
}

func (e *examination) wrongUnit(set int, fit []stressUnit, u stressUnit, v Evidence, c Certainty, right stressUnit) {
	reversed := v.Slope < 0
	severity := Error
	if c == Likely {
		severity = Warning
	}
	where := []Place{{File: e.sets[set].Name}}
	advice := conversion(u, math.Copysign(u.factor, u.factor*v.Slope))
	if len(fit) > 1 {
		advice = "find out which, and convert to eV/Å³, positive in tension, or name the key of a virial in eV, positive in compression, with --virial-key"
	}
	switch {
	case len(fit) == 0:
		e.add(severity, "stress-unit", where, "find out what the numbers are and convert to eV/Å³",
			"the stress is in no unit known here: it would have to be multiplied by %.4g (%s: %v)", v.Slope*u.factor, c, v)
	case u.name != right.name:
		e.add(severity, "stress-unit", where, advice,
			"the stress is in %s, positive in %s (%s: %v)", names(fit), u.sign(reversed), c, v)
	case reversed:
		e.add(severity, "stress-sign", where, "change the sign: here a stress is positive in tension, a virial in compression",
			"the stress has the opposite sign (%s: %v)", c, v)
	}
}

// sign returns the state in which the label is positive.
func (u stressUnit) sign(reversed bool) string {
	if (u.positive == compression) != reversed {
		return compression
	}
	return tension
}

func conversion(u stressUnit, factor float64) string {
	switch u.volume {
	case -1:
		return "name its key with --virial-key, after changing the sign if it is not positive in compression"
	case 1:
		return "name its key with --stress-key, after converting to eV/Å³, positive in tension"
	}
	return fmt.Sprintf("multiply it by %.7g", factor)
}

// workOfStress compares the work of the diagonal with energy differences, over
// steps that do not shear.
func (e *examination) workOfStress(set int, u stressUnit) (x, y []float64) {
	for _, s := range e.steps {
		if s.strained && !s.shears() && e.within(s, set) {
			x, y = append(x, u.scale(s.volume)*s.diagonal), append(y, s.energy-s.forces)
		}
	}
	return x, y
}

// pairStress compares the diagonal, beside its mean, with the pair potential: a
// pressure that is the same in all frames is nothing forces tell.
func (e *examination) pairStress(items []int, u stressUnit) (x, y []float64) {
	e.eachPairStress(items, func(label *[3][3]float64, expected [3][3]float64, volume float64) {
		for k := range 3 {
			x, y = append(x, u.scale(volume)*label[k][k]), append(y, expected[k][k])
		}
	})
	center(x)
	center(y)
	return x, y
}

func (e *examination) eachPairStress(items []int, visit func(label *[3][3]float64, expected [3][3]float64, volume float64)) {
	if e.pairs == nil {
		return
	}
	for _, k := range items {
		if it := &e.items[k]; it.labels.Stress != nil && crystal(it.frame) && !math.IsNaN(e.pairs.energy[k]) {
			visit(it.labels.Stress, e.pairs.stress[k], it.frame.Volume())
		}
	}
}

func center(x []float64) {
	mean := stat.Mean(x, nil)
	for k := range x {
		x[k] -= mean
	}
}
