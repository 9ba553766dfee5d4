package parallel

import (
	"fmt"
	"sync/atomic"
	"testing"
)

func TestEveryTurnIsMadeOnce(t *testing.T) {
	for _, threads := range []int{0, 1, 3, 20} {
		for _, n := range []int{0, 1, 7, 100} {
			seen := make([]atomic.Int32, n)
			err := Each(n, threads, func(thread, k int) error {
				if thread < 0 || thread >= Threads(threads) {
					t.Errorf("thread %d of %d", thread, Threads(threads))
				}
				seen[k].Add(1)
				return nil
			})
			for k := range seen {
				if times := seen[k].Load(); times != 1 || err != nil {
					t.Errorf("%d threads, turn %d of %d was made %d times, %v", threads, k, n, times, err)
				}
			}
		}
	}
}

func TestErrorIsThatOfTheLowestTurn(t *testing.T) {
	var made atomic.Int32
	err := Each(50, 4, func(_, k int) error {
		made.Add(1)
		if k%10 == 7 {
			return fmt.Errorf("turn %d", k)
		}
		return nil
	})
	if err == nil || err.Error() != "turn 7" || made.Load() != 50 {
		t.Errorf("%v after %d turns", err, made.Load())
	}
}

func TestRangesAreAllOfIt(t *testing.T) {
	for _, threads := range []int{0, 1, 3} {
		for _, n := range []int{0, 1, rangeSize, rangeSize + 1, 5*rangeSize - 1} {
			seen := make([]int, n) // ranges do not overlap, so that threads write to their own
			Ranges(n, threads, func(lo, hi int) {
				for k := lo; k < hi; k++ {
					seen[k]++
				}
			})
			for k, times := range seen {
				if times != 1 {
					t.Fatalf("%d threads: element %d of %d is in %d ranges", threads, k, n, times)
				}
			}
		}
	}
}
