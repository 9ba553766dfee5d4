// Package parallel shares the turns of a loop among threads.
package parallel

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Each calls work for k from 0 to n-1, each on one of so many threads, 0 for all
// cores, and returns the error of the lowest k. All turns are made even after one
// has failed. The number of the thread is below Threads(threads).
func Each(n, threads int, work func(thread, k int) error) error {
	errs := make([]error, n)
	var next atomic.Int64
	var wait sync.WaitGroup
	turns := func(thread int) {
		for k := int(next.Add(1)) - 1; k < n; k = int(next.Add(1)) - 1 {
			errs[k] = work(thread, k)
		}
	}
	for thread := 1; thread < min(Threads(threads), n); thread++ {
		wait.Go(func() { turns(thread) })
	}
	turns(0) // the caller's
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// rangeSize is how many elements a thread takes at a time: 128 KiB of float64.
const rangeSize = 1 << 14

// Ranges calls work for ranges [lo, hi) that together are [0, n).
func Ranges(n, threads int, work func(lo, hi int)) {
	Each((n+rangeSize-1)/rangeSize, threads, func(_, k int) error { // which never fails
		work(k*rangeSize, min((k+1)*rangeSize, n))
		return nil
	})
}

// Threads returns the number meant by a setting of threads: 0 is all cores.
func Threads(threads int) int {
	if threads <= 0 {
		return runtime.GOMAXPROCS(0)
	}
	return threads
}
