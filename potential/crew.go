package potential

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// crew runs loops over atoms on several threads. A loop is cut into blocks, which
// the threads take one after another; whatever a block computes must not depend
// on which thread takes it or where it is cut. A crew belongs to one goroutine,
// and in steady state allocates nothing.
type crew struct {
	threads int
	count   int // of the present loop
	block   int
	body    func(thread, lo, hi int)
	next    atomic.Int64
	wait    sync.WaitGroup
	tasks   []func() // [thread]

	panicked []any // [thread]
}

// newCrew returns a crew of so many threads, 0 for all cores.
func newCrew(threads int) *crew {
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	c := &crew{threads: threads, panicked: make([]any, threads)}
	for thread := range threads {
		c.tasks = append(c.tasks, func() {
			defer c.wait.Done()
			defer func() { c.panicked[thread] = recover() }()
			c.work(thread)
		})
	}
	return c
}

// each calls body for 0 to count in blocks of at most most. A panic in a thread
// is one in the caller, who may recover.
func (c *crew) each(count, most int, body func(thread, lo, hi int)) {
	c.count, c.body = count, body
	c.block = max(1, min(most, (count+c.threads-1)/c.threads))
	c.next.Store(0)
	threads := min(c.threads, (count+c.block-1)/c.block)
	if threads <= 1 {
		c.work(0)
		return
	}
	c.wait.Add(threads)
	for _, task := range c.tasks[1:threads] {
		go task()
	}
	c.tasks[0]()
	c.wait.Wait()
	for thread, p := range c.panicked {
		if p != nil {
			c.panicked[thread] = nil
			panic(p)
		}
	}
}

// listBlock is how many atoms at a time a loop without matrices goes through.
const listBlock = 1024

// loop returns each for bodies that do not ask for the thread, nil for a crew of
// one.
func (c *crew) loop() func(count int, body func(lo, hi int)) {
	if c.threads == 1 {
		return nil
	}
	var body func(lo, hi int)
	part := func(_, lo, hi int) { body(lo, hi) } // made once: it would be garbage
	return func(count int, b func(lo, hi int)) {
		body = b
		c.each(count, listBlock, part)
	}
}

// work takes blocks until none is left.
func (c *crew) work(thread int) {
	for {
		lo := int(c.next.Add(1)-1) * c.block
		if lo >= c.count {
			return
		}
		c.body(thread, lo, min(lo+c.block, c.count))
	}
}
