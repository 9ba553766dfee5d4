package xyz

import (
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// checkFloat compares scanFloat with the standard library, bit by bit.
func checkFloat(t interface {
	Helper()
	Fatalf(string, ...any)
}, text string) {
	t.Helper()
	got, end, ok := scanFloat([]byte(text+" 7"), 0)
	want, err := strconv.ParseFloat(text, 64)
	if ok != (err == nil) {
		t.Fatalf("%q: ok = %v, strconv says %v", text, ok, err)
	}
	if ok && (end != len(text) || math.Float64bits(got) != math.Float64bits(want)) {
		t.Fatalf("%q: got %v ending at %d, want %v", text, got, end, want)
	}
}

func TestFloatsEqualStrconv(t *testing.T) {
	for _, text := range []string{
		"0", "-0", "+0.0", "1", "-1.5", ".5", "-.5", "5.", "00012.50", "1e22", "1e23", "1E-22", "123456789e-30",
		"9007199254740992", "9007199254740993", "9007199254740993.0", "9007199254740992.5", "18446744073709551615",
		"9999999999999999999", "99999999999999999999", "0.9999999999999999999", "1.7976931348623157e308", "1e309",
		"4.9e-324", "2e-324", "1e-400", "2.2250738585072011e-308", "0.1", "0.3", "1e+5", "1e05", "1e", "e5", ".", "-", "+",
		"12345678", "123456789", "1234567.8", "12345678.12345678", "0.000000000000000001", "1e99999999999999999999",
		"-9391.45554428476", "0.30000000000000004", "1.00000000000000011102230246251565404236316680908203125",
	} {
		checkFloat(t, text)
	}
}

func TestRandomFloatsEqualStrconv(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 200_000 {
		x := (random.Float64() - 0.5) * math.Pow(10, float64(random.IntN(44)-22))
		checkFloat(t, strconv.FormatFloat(x, "efg"[random.IntN(3)], random.IntN(22)-1, 64))
	}
	for range 20_000 {
		if x := math.Float64frombits(random.Uint64()); finite(x) {
			checkFloat(t, strconv.FormatFloat(x, 'g', -1, 64))
		}
	}
}

// TestHalfwayFloatsRoundToEven takes decimals that lie exactly between two
// float64, where a second rounding shows.
func TestHalfwayFloatsRoundToEven(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for range 20_000 {
		// odd/2 with 54 bits has one decimal and no float64
		n := 1<<53 | random.Uint64N(1<<53) | 1
		checkFloat(t, strconv.FormatUint(n/2, 10)+".5")
		checkFloat(t, strconv.FormatUint(n, 10)+".0")
	}
}

func TestFortranExponents(t *testing.T) {
	for text, want := range map[string]float64{"1.0d-3": 1e-3, "-2.5D+02": -250, "1d0": 1, "1.2345678901234567890123d1": 12.345678901234567890123} {
		if got, end, ok := scanFloat([]byte(text), 0); got != want || end != len(text) || !ok {
			t.Errorf("%q: got %v, %d, %v", text, got, end, ok)
		}
	}
}

func TestWrittenFloatsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.Float64().Draw(t, "x")
		if !finite(x) {
			t.Skip()
		}
		text := string(appendFloat(nil, x))
		if classify(text) != kindReal {
			t.Fatalf("%s does not read as a real number", text)
		}
		if got, _, _ := scanFloat([]byte(text), 0); math.Float64bits(got) != math.Float64bits(x) {
			t.Fatalf("%s reads as %v, was %v", text, got, x)
		}
	})
}

func TestBlanksAreSkipped(t *testing.T) {
	for n := range 20 {
		for _, blanks := range []string{strings.Repeat(" ", n), strings.Repeat(" \t", n), strings.Repeat("\t", n)} {
			if at := skipBlanks([]byte(blanks+"x y"), 0); at != len(blanks) {
				t.Errorf("%q: first character found at %d", blanks, at)
			}
			if !isBlankLine([]byte(blanks)) {
				t.Errorf("%q is not a blank line", blanks)
			}
		}
	}
}

func FuzzFloat(f *testing.F) {
	for _, seed := range []string{"1.5", "-0", "1e-3", "9007199254740993", "0.30000000000000004", "12345678.87654321"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		// strconv also reads hexadecimal, infinities and NaN, which are no numbers here.
		if strings.Trim(text, "0123456789+-.eE") == "" {
			checkFloatPrefix(t, text)
		}
	})
}

// checkFloatPrefix compares texts that may have something behind the number.
func checkFloatPrefix(t *testing.T, text string) {
	_, end, ok := scanFloat([]byte(text), 0)
	if ok {
		checkFloat(t, text[:end])
	} else if _, err := strconv.ParseFloat(text, 64); err == nil {
		t.Fatalf("%q is not read", text)
	}
}
