package potential

import (
	"sync/atomic"
	"testing"
)

// TestCrewCoversEveryAtomOnce for any number of threads, atoms and block sizes.
func TestCrewCoversEveryAtomOnce(t *testing.T) {
	for _, threads := range []int{1, 2, 5} {
		c := newCrew(threads)
		for _, count := range []int{0, 1, 4, 5, 100} {
			for _, most := range []int{1, 7, 1000} {
				seen := make([]atomic.Int32, count)
				c.each(count, most, func(thread, lo, hi int) {
					if thread < 0 || thread >= threads || hi-lo > most {
						t.Errorf("thread %d of %d, atoms %d to %d in blocks of %d", thread, threads, lo, hi, most)
					}
					for i := lo; i < hi; i++ {
						seen[i].Add(1)
					}
				})
				if !coveredOnce(seen) {
					t.Errorf("%d threads, %d atoms, blocks of %d: not every atom once", threads, count, most)
				}
			}
		}
	}
}

// coveredOnce tells whether every atom was seen once.
func coveredOnce(seen []atomic.Int32) bool {
	for i := range seen {
		if seen[i].Load() != 1 {
			return false
		}
	}
	return true
}

// TestCrewHandsPanicsToTheCaller, and works on afterwards.
func TestCrewHandsPanicsToTheCaller(t *testing.T) {
	c := newCrew(3)
	func() {
		defer func() {
			if p := recover(); p != "atom 7" {
				t.Errorf("recovered %v", p)
			}
		}()
		c.each(10, 1, func(_, lo, _ int) {
			if lo == 7 {
				panic("atom 7")
			}
		})
	}()
	var sum atomic.Int64
	c.each(10, 1, func(_, lo, _ int) { sum.Add(int64(lo)) })
	if sum.Load() != 45 {
		t.Errorf("after a panic the sum is %d, want 45", sum.Load())
	}
}
