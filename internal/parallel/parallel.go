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
	for thread := range min(Threads(threads), n) {
		wait.Go(func() {
			for k := int(next.Add(1)) - 1; k < n; k = int(next.Add(1)) - 1 {
				errs[k] = work(thread, k)
			}
		})
	}
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// Threads returns the number meant by a setting of threads: 0 is all cores.
func Threads(threads int) int {
	if threads <= 0 {
		return runtime.GOMAXPROCS(0)
	}
	return threads
}
