package train

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"ponita/potential"
	"ponita/potential/internal/kernel"
)

// orthogonalize keeps singular vectors and makes singular values of about one,
// whatever they were, tall and wide, and whatever the size of the matrix.
func TestOrthogonalizeEqualizesSingularValues(t *testing.T) {
	set, err := kernel.Best[float32]()
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for _, shape := range [][2]int{{1, 1}, {1, 7}, {8, 32}, {32, 8}, {33, 65}, {64, 256}} {
		rows, columns := shape[0], shape[1]
		short := min(rows, columns)
		u, v := randomOrthogonal(rng, rows), randomOrthogonal(rng, columns)
		// Singular values over a factor of 30.
		x := mat.NewDense(rows, columns, nil)
		for k := range short {
			s := 1e-5 * math.Pow(30, -float64(k)/float64(short))
			x.RankOne(x, s, u.ColView(k), v.ColView(k))
		}
		norm := mat.Norm(x, 2) // that of Frobenius
		flat, half := mat.DenseCopyOf(x).RawMatrix().Data, make([]float32, rows*columns)
		for k, v := range flat {
			half[k] = float32(v / norm)
		}
		for k, v := range new(orthogonalizer).orthogonalize(set, half, rows, columns) {
			flat[k] = float64(v)
		}
		// Uᵀ Y V is the diagonal of the new ones.
		var inner mat.Dense
		inner.Product(u.T(), mat.NewDense(rows, columns, flat), v)
		for i := range rows {
			for j := range columns {
				s := inner.At(i, j)
				if i != j && math.Abs(s) > 1e-3 {
					t.Errorf("%d×%d: element %d, %d of UᵀYV is %g, want 0", rows, columns, i, j, s)
				}
				if i == j && (s < 0.65 || s > 1.25) {
					t.Errorf("%d×%d: singular value %d is %g, want about 1", rows, columns, i, s)
				}
			}
		}
	}
	zero := make([]float32, 6)
	for _, v := range new(orthogonalizer).orthogonalize(set, zero, 2, 3) {
		if v != 0 {
			t.Errorf("zero became %g", v)
		}
	}
}

func randomOrthogonal(rng *rand.Rand, n int) *mat.Dense {
	x := mat.NewDense(n, n, nil)
	for i := range n {
		for j := range n {
			x.Set(i, j, rng.NormFloat64())
		}
	}
	var qr mat.QR
	qr.Factorize(x)
	var q mat.Dense
	qr.QTo(&q)
	return &q
}

// The step of a matrix has the spectral norm that the theory of width asks of it,
// the same at every width under mup: its rate falls as 1/C.
func TestMuonStepsKeepTheirSpectralNorm(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	var first float64
	for _, channels := range []int{8, 16, 64} {
		c := potential.Config{Species: []int{1}, Cutoff: 5, Channels: channels}.WithDefaults()
		s := Settings{Parametrization: "mup", BaseChannels: 16, Optimizer: "muon"}.scaling(c)
		o, err := newOptimizer(c.Layout().Len)
		if err != nil {
			t.Fatal(err)
		}
		theta, grad := make([]float64, c.Layout().Len), make([]float64, c.Layout().Len)
		for k := range grad {
			grad[k] = rng.NormFloat64()
		}
		o.update(s, theta, grad, 0.1, 0.95, 0, 2)
		for _, x := range s {
			if !x.muon {
				continue
			}
			var svd mat.SVD
			if !svd.Factorize(mat.NewDense(x.Shape[0], x.Shape[1], x.of(theta)), mat.SVDNone) {
				t.Fatal("no singular values")
			}
			largest := svd.Values(nil)[0]
			if first == 0 {
				first = largest
			}
			// Newton and Schulz leave singular values of 0.7 to 1.2.
			if math.Abs(math.Log(largest/first)) > math.Log(1.3) {
				t.Errorf("%d channels, %s: the step has norm %.3g, want about %.3g", channels, x.Name, largest, first)
			}
		}
	}
	if first == 0 {
		t.Error("no tensor is moved by Muon")
	}
}
