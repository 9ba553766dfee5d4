package potential

import (
	"runtime"
	"sync/atomic"
)

// crew runs loops over atoms on several threads. A loop is cut into blocks, which
// the threads take one after another; whatever a block computes must not depend
// on which thread takes it or where it is cut. A crew belongs to one goroutine,
// and in steady state allocates nothing.
//
// Waking a thread takes tens of microseconds, as long as a stage of a molecule. So
// helpers that have nothing to do look for the next loop for a while before their
// goroutines end.
type crew struct {
	threads int
	count   int // of the present loop
	block   int
	body    func(thread, lo, hi int)
	next    atomic.Int64
	helpers []helper // of threads 1 and up
	busy    atomic.Int32

	done     chan struct{} // from the last helper, where the caller sleeps
	sleeping atomic.Bool

	panicked []any // [thread]
}

// helper is a thread besides the caller's.
type helper struct {
	state atomic.Int32
	task  func()
	_     [48]byte // a cache line of its own
}

// States of a helper. The caller changes absent and waiting to called, the helper
// called to waiting and waiting to absent.
const (
	absent  = iota // no goroutine
	waiting        // looks for a loop
	called
)

// newCrew returns a crew of so many threads, 0 for all cores.
func newCrew(threads int) *crew {
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	c := &crew{threads: threads, panicked: make([]any, threads), helpers: make([]helper, threads-1), done: make(chan struct{}, 1)}
	for k := range c.helpers {
		c.helpers[k].task = func() { c.help(k) }
	}
	return c
}

// each calls body for 0 to count in blocks of at most most. A panic in a thread
// is one in the caller, who may recover.
func (c *crew) each(count, most int, body func(thread, lo, hi int)) {
	c.count, c.body = count, body
	c.block = max(1, min(most, (count+c.threads-1)/c.threads))
	if c.block%2 == 0 && c.block >= 8 && c.block < most {
		c.block++ // odd: see blockRows
	}
	c.next.Store(0)
	threads := min(c.threads, (count+c.block-1)/c.block)
	if threads <= 1 {
		c.work(0)
		return
	}
	c.busy.Store(int32(threads - 1))
	for k := range threads - 1 {
		h := &c.helpers[k]
		if h.state.Swap(called) == absent {
			go h.task()
		}
	}
	c.guarded(0)
	c.await()
	for thread, p := range c.panicked {
		if p != nil {
			c.panicked[thread] = nil
			panic(p)
		}
	}
}

// await returns when no helper works any more.
func (c *crew) await() {
	for !look(func() bool { return c.busy.Load() == 0 }) {
		c.sleeping.Store(true)
		if c.busy.Load() == 0 && c.sleeping.CompareAndSwap(true, false) {
			return
		}
		// Whoever takes the mark away sends: the last helper, or that of the loop
		// before, which was slow to look at the mark. So look again.
		<-c.done
	}
}

// help is the goroutine of helper k: it works while loops come.
func (c *crew) help(k int) {
	h := &c.helpers[k]
	for {
		c.guarded(k + 1)
		h.state.Store(waiting) // before the caller may call again
		if c.busy.Add(-1) == 0 && c.sleeping.CompareAndSwap(true, false) {
			c.done <- struct{}{}
		}
		if !look(func() bool { return h.state.Load() == called }) && h.state.CompareAndSwap(waiting, absent) {
			return
		}
	}
}

// looks is how often look looks, some 50 µs.
const looks = 200

// look tells whether something has become true in the time that it takes to wake
// a thread.
func look(ready func() bool) bool {
	for range looks {
		for range 64 {
			if ready() {
				return true
			}
		}
		runtime.Gosched() // somebody else may need the core
	}
	return false
}

// guarded is work whose panic is kept for the caller.
func (c *crew) guarded(thread int) {
	defer func() { c.panicked[thread] = recover() }()
	c.work(thread)
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
