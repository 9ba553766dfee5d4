package forensics

import (
	"maps"
	"slices"
)

// leak are the copies in two parts: [0] those of the first that are in the second
// too, [1] the other way round, in the same cell or not.
type leak struct{ plain, turned [2][]int }

// reportSame reports the copies within each part and between parts.
func (e *examination) reportSame() {
	inside, turned := make([][]int, 2*len(e.sets)), make([][]int, 2*len(e.sets))
	between := map[[2]int]*leak{}
	for _, set := range e.copySets {
		byPart := map[int][]int{}
		for _, k := range set {
			byPart[e.items[k].part()] = append(byPart[e.items[k].part()], k)
		}
		parts := slices.Sorted(maps.Keys(byPart))
		for n, p := range parts {
			plain, other := e.byCell(byPart[p])
			inside[p], turned[p] = append(inside[p], plain...), append(turned[p], other...)
			for _, q := range parts[n+1:] {
				if between[[2]int{p, q}] == nil {
					between[[2]int{p, q}] = &leak{}
				}
				e.addLeak(between[[2]int{p, q}], byPart[p], byPart[q])
			}
		}
	}
	for p := range inside {
		if n := len(inside[p]); n > 0 {
			e.add(Warning, "duplicate", e.places(inside[p]...), "keep one of each: copies weigh more in training, and a random split puts them on both sides",
				"%s that are copies of each other%s", plural(n, "frame"), e.examples(inside[p], p))
		}
		if n := len(turned[p]); n > 0 {
			e.add(Note, "duplicate", e.places(turned[p]...), "harmless in training; a random split puts them on both sides",
				"%s that are turned or mirrored copies of another%s", plural(n, "frame"), e.examples(turned[p], p))
		}
	}
	for _, key := range sortedKeys(between) {
		e.reportLeak(key, between[key])
	}
}

// addLeak adds copies of one structure in two parts.
func (e *examination) addLeak(l *leak, first, second []int) {
	for n, list := range [2][]int{first, second} {
		others := e.cells([2][]int{second, first}[n])
		for _, k := range list {
			if slices.ContainsFunc(others, func(o int) bool { return sameCell(e.items[k].frame, e.items[o].frame) }) {
				l.plain[n] = append(l.plain[n], k)
			} else {
				l.turned[n] = append(l.turned[n], k)
			}
		}
	}
}

// cells returns one item for each different cell.
func (e *examination) cells(items []int) (different []int) {
	for _, k := range items {
		if !slices.ContainsFunc(different, func(o int) bool { return sameCell(e.items[k].frame, e.items[o].frame) }) {
			different = append(different, k)
		}
	}
	return different
}

// reportLeak reports copies in two parts: those in one cell are the same
// calculation, others the same physics.
func (e *examination) reportLeak(parts [2]int, l *leak) {
	if n := len(l.plain[1]); n > 0 {
		e.add(Error, "leak", e.places(slices.Concat(l.plain[0], l.plain[1])...), "take them out of one of the two: an error measured on them says nothing",
			"%s of %s in %s too%s", plural(n, "structure"), e.partName(parts[1]), e.partName(parts[0]), e.examples(l.plain[1], parts[0]))
	}
	if n := len(l.turned[1]); n > 0 {
		e.add(Warning, "leak", e.places(slices.Concat(l.turned[0], l.turned[1])...), "an error measured on them is one of training, up to the rotation: take them out of one of the two",
			"%s of %s turned or mirrored in %s%s", plural(n, "structure"), e.partName(parts[1]), e.partName(parts[0]), e.examples(l.turned[1], parts[0]))
	}
}
