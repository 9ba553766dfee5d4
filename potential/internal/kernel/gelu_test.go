package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// geluTable holds x, x Φ(x) and its first two derivatives, computed with mpmath
// 1.3.0 and 60 digits from erfc and exp.
var geluTable = [][4]float64{
	{-37.5, -1.7270073785932330664e-306, -6.476271143055812623e-305, -2.4268722185599547562e-303},
	{-30.0, -1.4720141781444561179e-196, -4.4160316907084943701e-195, -1.3233342291209356721e-193},
	{-25.0, -7.641741765956402291e-137, -1.910425737398465604e-135, -4.768398225789281627e-134},
	{-20.0, -5.5072482372124673902e-88, -1.1014360483133464042e-86, -2.1973374481395857495e-85},
	{-16.0, -1.022200704086093965e-56, -1.6354721620665075006e-55, -2.6064542048914348707e-54},
	{-13.25, -2.9892216500836705304e-39, -3.9604687086853047679e-38, -5.2173920649868706147e-37},
	{-13.0, -7.952313719414843587e-38, -1.033730444011335615e-36, -1.3358042354201375201e-35},
	{-12.0, -2.1317785344932147972e-32, -2.5578956616748956241e-31, -3.04786490464154569e-30},
	{-11.0, -2.1017255319485432823e-27, -2.3115945831153021462e-26, -2.5213949116761307227e-25},
	{-10.0, -7.619853024160526066e-23, -7.6184000964648140857e-22, -7.5407066541722909594e-21},
	{-9.0, -1.015729565358456583e-18, -9.138937373906639251e-18, -8.1210211216184426883e-17},
	{-8.0, -4.9767684594174272988e-15, -3.9796072610867959891e-14, -3.1324080717928732185e-13},
	{-7.0, -8.9586878072008450307e-12, -6.2663230314666318396e-11, -4.2933185919313588711e-10},
	{-6.0, -5.9195258702261888442e-9, -3.5468709453902014781e-8, -2.0658001689399170656e-7},
	{-5.5, -1.0444259356238245661e-7, -5.7334723987399248035e-7, -3.0424572120184755714e-6},
	{-5.0, -1.4332578593959695584e-6, -7.1469460017922946279e-6, -3.4194548838888847282e-5},
	{-4.5, -1.5289529061285271808e-5, -6.8529161856344574553e-5, -2.9170327520102490843e-4},
	{-4.0, -1.2668496733247968502e-4, -5.0364966122642148584e-4, -0.0018736231607083949248},
	{-3.5, -8.1420177662433762722e-4, -0.0028217603536246351933, -0.0089449976242190406724},
	{-3.0, -0.00404969409489028358, -0.011945647204183927, -0.031022938883566050229},
	{-2.5, -0.015524163314440337917, -0.037611085908145208238, -0.074495277097666283789},
	{-2.25, -0.027505063473850582093, -0.059189743975206982285, -0.097202683746731460734},
	{-2.0, -0.045500263896358414401, -0.085231801078196896701, -0.1079819330263761039},
	{-1.75, -0.070103524511679908233, -0.11092615108257805984, -0.091669651253168484084},
	{-1.5, -0.10021080190328709901, -0.12746919222997952542, -0.032379398916472931904},
	{-1.25, -0.13206221708356907211, -0.12266158306942212355, 0.079908974857697083434},
	{-1.0, -0.15865525393145705141, -0.083315470587686298383, 0.2419707245191433498},
	{-0.875, -0.16693858374594679741, -0.04726117072871494069, 0.33581788862351463818},
	{-0.75, -0.1699705142826511495, 7.7427826076489562831e-4, 0.43288505872253133209},
	{-0.625, -0.16624095565543783269, 0.060884923704716136021, 0.52813405876075982044},
	{-0.5, -0.15426876936299344818, 0.13250487534383715747, 0.61611432183752408611},
	{-0.375, -0.13268633749772857711, 0.2143845731261128639, 0.6914180651641015694},
	{-0.25, -0.10032341857926906894, 0.30462664511636397402, 0.74916947630552033845},
	{-0.125, -0.056282721896235888378, 0.4007820643017934215, 0.78549041003098725757},
	{-0.0009765625, -4.8790078905392525292e-4, 0.49922081610628686646, 0.79788379988112438797},
	{-9.3132257461547852e-10, -4.6566128696171198813e-10, 0.49999999925691209659, 0.79788456080286535519},
	{0.0, 0.0, 0.5, 0.79788456080286535588},
	{9.3132257461547852e-10, 4.656612876537665275e-10, 0.50000000074308790341, 0.79788456080286535519},
	{0.0009765625, 4.8866171094607474708e-4, 0.50077918389371313354, 0.79788379988112438797},
	{0.125, 0.068717278103764111622, 0.5992179356982065785, 0.78549041003098725757},
	{0.25, 0.14967658142073093106, 0.69537335488363602598, 0.74916947630552033845},
	{0.5, 0.34573123063700655182, 0.86749512465616284253, 0.61611432183752408611},
	{0.75, 0.5800294857173488505, 0.99922572173923510437, 0.43288505872253133209},
	{1.0, 0.84134474606854294859, 1.0833154705876862984, 0.2419707245191433498},
	{1.25, 1.1179377829164309279, 1.1226615830694221236, 0.079908974857697083434},
	{1.5, 1.399789198096712901, 1.1274691922299795254, -0.032379398916472931904},
	{2.0, 1.9544997361036415856, 1.0852318010781968967, -0.1079819330263761039},
	{2.5, 2.4844758366855596621, 1.0376110859081452082, -0.074495277097666283789},
	{3.0, 2.9959503059051097164, 1.011945647204183927, -0.031022938883566050229},
	{4.0, 3.9998733150326675203, 1.0005036496612264215, -0.0018736231607083949248},
	{5.0, 4.999998566742140604, 1.0000071469460017923, -3.4194548838888847282e-5},
	{6.0, 5.9999999940804741298, 1.0000000354687094539, -2.0658001689399170656e-7},
	{8.0, 7.9999999999999950232, 1.0000000000000397961, -3.1324080717928732185e-13},
	{13.0, 13.0, 1.0, -1.3358042354201375201e-35},
	{20.0, 20.0, 1.0, -2.1973374481395857495e-85},
	{37.5, 37.5, 1.0, -2.4268722185599547562e-303},
}

// geluValues evaluates x and, as guarded slices, all results.
func geluValues[T Float](t *testing.T, set *Set[T], x []T) (y, dy, d2y []T) {
	y, dy, d2y = guarded[T](t, len(x)), guarded[T](t, len(x)), guarded[T](t, len(x))
	set.GELU(y, dy, d2y, x)
	return y, dy, d2y
}

// checkGELU compares with values of relative error inexact. The scale of the
// errors is the sum of the magnitudes of the terms: the derivatives pass through
// zero.
func checkGELU[T Float](t *testing.T, set *Set[T], x T, got [3]T, want [3]float64, inexact float64) bool {
	t.Helper()
	f := float64(x)
	density := math.Exp(-f*f/2) / math.Sqrt(2*math.Pi)
	scale := [3]float64{
		math.Abs(want[0]),
		math.Erfc(-f/math.Sqrt2)/2 + math.Abs(f)*density,
		(2 + f*f) * density,
	}
	// About ten roundings of half a unit lie between x and a result. The
	// reference also rounds the argument of exp, which counts x² times.
	relative := 8*unit[T]() + inexact
	if set.Name == "reference" {
		relative += f * f * 0x1p-52
	}
	smallest := 0x1p-126
	if unit[T]() < 0x1p-30 {
		smallest = 0x1p-1022
	}
	for i, name := range []string{"y", "dy", "d2y"} {
		// Results below the smallest normal number may be flushed to zero, and
		// the factor (2-x²) comes after that.
		bound := relative*scale[i] + (2+f*f)*smallest
		if diff := math.Abs(float64(got[i]) - want[i]); !(diff <= bound) {
			t.Errorf("%s(%v) = %v, want %v within %.2g", name, x, got[i], want[i], bound)
			return false
		}
	}
	return true
}

func TestGELUMatchesTable(t *testing.T) {
	everySet(t, testGELUTable[float32], testGELUTable[float64])
}

func testGELUTable[T Float](t *testing.T, set *Set[T]) {
	x := guarded[T](t, len(geluTable))
	for i, row := range geluTable {
		x[i] = T(row[0])
	}
	y, dy, d2y := geluValues(t, set, x)
	for i, row := range geluTable {
		checkGELU(t, set, x[i], [3]T{y[i], dy[i], d2y[i]}, [3]float64(row[1:]), 0)
	}
}

func TestGELUMatchesReference(t *testing.T) {
	everySet(t, testGELUReference[float32], testGELUReference[float64])
}

func testGELUReference[T Float](t *testing.T, set *Set[T]) {
	rng := rand.New(rand.NewPCG(7, 8))
	exact := Reference[float64]()
	for n := range 66 {
		x, wide := guarded[T](t, n), make([]float64, n)
		for i := range x {
			x[i] = T(20 * (2*rng.Float64() - 1) * rng.Float64())
			wide[i] = float64(x[i])
		}
		y, dy, d2y := geluValues(t, set, x)
		wantY, wantDY, wantD2Y := geluValues(t, exact, wide)
		for i := range x {
			want := [3]float64{wantY[i], wantDY[i], wantD2Y[i]}
			if !checkGELU(t, set, x[i], [3]T{y[i], dy[i], d2y[i]}, want, wide[i]*wide[i]*0x1p-52) {
				return
			}
		}
		// Any of the derivatives may be left out, and y may be x.
		for _, request := range [][2][]T{{nil, nil}, {make([]T, n), nil}, {nil, make([]T, n)}} {
			in := clone(t, x)
			set.GELU(in, request[0], request[1], in)
			if fmt.Sprint(in) != fmt.Sprint(y) ||
				len(request[0]) > 0 && fmt.Sprint(request[0]) != fmt.Sprint(dy) ||
				len(request[1]) > 0 && fmt.Sprint(request[1]) != fmt.Sprint(d2y) {
				t.Errorf("n=%d: results depend on which are asked for", n)
			}
		}
	}
}

func TestGELULimits(t *testing.T) {
	everySet(t, testGELULimits[float32], testGELULimits[float64])
}

func testGELULimits[T Float](t *testing.T, set *Set[T]) {
	inf, nan := math.Inf(1), math.NaN()
	for _, row := range [][4]float64{
		{inf, inf, 1, 0}, {-inf, 0, 0, 0}, {nan, nan, nan, nan},
		{1e30, 1e30, 1, 0}, {-1e30, 0, 0, 0}, {100, 100, 1, 0}, {-100, 0, 0, 0},
	} {
		for n := 1; n <= 17; n += 16 { // under a mask, and in a whole register
			x := make([]T, n)
			for i := range x {
				x[i] = T(row[0])
			}
			y, dy, d2y := geluValues(t, set, x)
			for i, got := range [][]T{y, dy, d2y} {
				if want := T(row[i+1]); got[0] != want && (got[0] == got[0] || want == want) {
					t.Errorf("result %d at %v is %v, want %v", i, row[0], got[0], want)
				}
			}
		}
	}
}

func BenchmarkGELU(b *testing.B) {
	everySetBench(b, benchGELU[float32], benchGELU[float64])
}

func benchGELU[T Float](b *testing.B, set *Set[T]) {
	const n = 4096
	x, y, dy, d2y := normal[T](n), make([]T, n), make([]T, n), make([]T, n)
	for derivatives, call := range []func(){
		func() { set.GELU(y, nil, nil, x) },
		func() { set.GELU(y, dy, nil, x) },
		func() { set.GELU(y, dy, d2y, x) },
	} {
		b.Run(fmt.Sprintf("derivatives=%d", derivatives), func(b *testing.B) {
			for b.Loop() {
				call()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/element")
		})
	}
}
