//go:build !linux

package kernel

import "testing"

// guarded is an ordinary slice where the tests cannot protect a page.
func guarded[T Float](_ testing.TB, n int) []T { return make([]T, n) }
