package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"unsafe"
)

// everySet runs a test on every set of both precisions.
func everySet(t *testing.T, test32 func(*testing.T, *Set[float32]), test64 func(*testing.T, *Set[float64])) {
	for _, set := range Sets[float32]() {
		t.Run("float32/"+set.Name, func(t *testing.T) { t.Parallel(); test32(t, set) })
	}
	for _, set := range Sets[float64]() {
		t.Run("float64/"+set.Name, func(t *testing.T) { t.Parallel(); test64(t, set) })
	}
}

// unit is the unit roundoff of T. For float64 it is doubled: the sums the tests
// compare with are computed in float64 too, and err as much.
func unit[T Float]() float64 {
	if unsafe.Sizeof(T(0)) == 4 {
		return 0x1p-24
	}
	return 0x1p-52
}

// random returns n guarded elements, normally distributed.
func random[T Float](t testing.TB, rng *rand.Rand, n int) []T {
	x := guarded[T](t, n)
	for i := range x {
		x[i] = T(rng.NormFloat64())
	}
	return x
}

// clone returns a guarded copy.
func clone[T Float](t testing.TB, x []T) []T {
	y := guarded[T](t, len(x))
	copy(y, x)
	return y
}

// sum is an exact result and the sum of magnitudes that bounds its error.
type sum struct{ value, magnitude float64 }

func (s *sum) add(factors ...float64) {
	product := 1.0
	for _, f := range factors {
		product *= f
	}
	s.value += product
	s.magnitude += math.Abs(product)
}

// check compares a result of terms additions with the sum. Every term takes
// part in at most terms roundings: |error| <= terms · u · Σ|terms|.
func check[T Float](t *testing.T, what string, i int, got T, want sum, terms int) bool {
	t.Helper()
	bound := float64(terms) * unit[T]() * want.magnitude
	if diff := math.Abs(float64(got) - want.value); !(diff <= bound) {
		t.Errorf("%s: element %d is %v, want %v within %.2g", what, i, got, want.value, bound)
		return false
	}
	return true
}

func TestSelectNamesSet(t *testing.T) {
	for _, want := range Sets[float32]() {
		if got, err := Select[float32](want.Name); err != nil || got != want {
			t.Errorf("Select(%q) = %v, %v", want.Name, got, err)
		}
	}
	fastest, err := Select[float64]("")
	if err != nil || fastest != sets64[len(sets64)-1] {
		t.Errorf("Select of the empty name = %v, %v", fastest, err)
	}
	_, err = Select[float32]("abacus")
	if want := `kernel: no set "abacus" on this machine, which runs reference`; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("Select of an unknown name: %v, want %s...", err, want)
	}
}

func TestBestObeysEnvironment(t *testing.T) {
	t.Setenv(Variable, "reference")
	if got, err := Best[float32](); err != nil || got != sets32[0] {
		t.Errorf("Best returns %v, %v", got, err)
	}
	t.Setenv(Variable, "abacus")
	if _, err := Best[float32](); err == nil || !strings.Contains(err.Error(), "abacus") || !strings.Contains(err.Error(), Variable) {
		t.Errorf("an unknown name: %v", err)
	}
}

func TestNamedTypeRunsReference(t *testing.T) {
	type energy float64
	if sets := Sets[energy](); len(sets) != 1 || sets[0].Name != "reference" {
		t.Errorf("sets of a named type: %v", sets)
	}
}

func TestWrongLengthPanics(t *testing.T) {
	s, err := Best[float32]()
	if err != nil {
		t.Fatal(err)
	}
	x := make([]float32, 12)
	for name, call := range map[string]func(){
		"MatMul":    func() { s.MatMul(x, x, x[:11], 3, 4, 3, false) },
		"MatMulTN":  func() { s.MatMulTN(x[:9], x[:11], x, 3, 4, 3, false) },
		"MatMulNT":  func() { s.MatMulNT(x, x, x, 3, 4, 3, false) },
		"negative":  func() { s.MatMul(x[:1], x[:1], x[:1], -1, -1, -1, false) },
		"AXPY":      func() { s.AXPY(x, x[:3], 1) },
		"Dot":       func() { s.Dot(x, x[:3]) },
		"Mul":       func() { s.Mul(x, x, x[:3]) },
		"MulAdd":    func() { s.MulAdd(x, x[:3], x) },
		"GELU":      func() { s.GELU(x, x[:3], nil, x) },
		"Fiber":     func() { s.Fiber(x[:4], x, x[:4], 2, 2) },
		"FiberGrad": func() { s.FiberGrad(x, x[:4], x[:4], 2, 2) },
		"FiberT":    func() { s.FiberT(x[:4], x, x[:4], 2, 2) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if text := fmt.Sprint(recover()); !strings.HasPrefix(text, "kernel: ") {
					t.Errorf("panics with %s", text)
				}
			}()
			call()
		})
	}
}
