package potential

import (
	"fmt"
	"math"
	"runtime"
	"sync/atomic"
	"testing"
	"time"
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

// TestCrewWorksAfterAPause: helpers that were given up waiting for come back, and
// a caller that sleeps is woken.
func TestCrewWorksAfterAPause(t *testing.T) {
	c := newCrew(4)
	for round, pause := range []time.Duration{0, time.Millisecond, 0, 0, 5 * time.Millisecond, 0} {
		time.Sleep(pause)
		seen := make([]atomic.Int32, 40)
		c.each(40, 1, func(thread, lo, _ int) {
			if thread > 0 && lo%7 == round { // keeps the caller waiting
				time.Sleep(time.Millisecond)
			}
			seen[lo].Add(1)
		})
		if !coveredOnce(seen) {
			t.Errorf("round %d: not every atom once", round)
		}
	}
	for range 100 {
		if runtime.NumGoroutine() < 4 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d goroutines long after the last loop", runtime.NumGoroutine())
}

// BenchmarkCrew is a loop of 16 blocks of some microseconds, on one thread and on
// all.
func BenchmarkCrew(b *testing.B) {
	var sink atomic.Int64
	for _, threads := range []int{1, runtime.GOMAXPROCS(0)} {
		b.Run(fmt.Sprintf("threads=%d", threads), func(b *testing.B) {
			c := newCrew(threads)
			body := func(_, lo, _ int) {
				sum := 1.
				for k := range 2000 {
					sum += float64(k) / sum
				}
				if math.IsNaN(sum) {
					sink.Add(int64(lo))
				}
			}
			for b.Loop() {
				c.each(16, 1, body)
			}
		})
	}
}
