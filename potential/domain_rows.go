package potential

import (
	"unsafe"

	"ponita/neighbor"
)

// stage is the engine in either precision.
type stage interface {
	begin(g *neighbor.Graph, kind []int32, ids []int64, dVec [][3]float64)
	forward(t int)
	backward(t int)
	energies(site []float64)
	rowBytes(up bool) int
	getRow(up bool, t, place int, out []byte)
	setRow(up bool, t, place int, in []byte)
	keptBytes() int
	kernelName() string
}

func newStage[T Float](m *Model, w *shared[engineWeights[T]], crew *crew) (stage, error) {
	weights, err := w.get(func() (*engineWeights[T], error) { return newEngineWeights[T](m.Config, m.Weights) })
	if err != nil {
		return nil, err
	}
	return newEngine(weights, m.Scale, crew), nil
}

func (e *engine[T]) kernelName() string { return e.set.Name }

// rowBytes is the size of the row of an atom in an exchange of features (up) or of
// ∂E/∂m. The latter comes out of the spherical convolution, so a network with spectra
// sends the harmonics of it, of which there are fewer than orientations.
func (e *engine[T]) rowBytes(up bool) int {
	size := e.rowSize()
	if !up && e.spectrum != nil {
		size = e.spectrum.size()
	}
	var v T
	return (size*int(unsafe.Sizeof(v)) + 7) &^ 7 // as some count in float64
}

// row returns the features that layer t takes in (up), or its ∂E/∂m, of the atom or
// ghost at a place: [orientation][channel].
func (e *engine[T]) row(up bool, t, place int) []T {
	x := e.dM[t%2]
	if up {
		x = e.h[t]
	}
	return x[place*e.rowSize() : (place+1)*e.rowSize()]
}

func (e *engine[T]) getRow(up bool, t, place int, out []byte) {
	row := e.row(up, t, place)
	if s := e.spectrum; !up && s != nil { // dm = Σ_k w_a Y_k(o_a) (…)_k, so the sum over a with Y_k is (…)_k
		spectrum := resize(&e.workers[0].q, s.size())
		e.set.MatMul(spectrum, s.synthesisT, row, s.count, e.points, e.channels, false)
		row = spectrum
	}
	copy(out, bytesOf(row))
}

func (e *engine[T]) setRow(up bool, t, place int, in []byte) {
	row := e.row(up, t, place)
	s := e.spectrum
	if up || s == nil {
		copy(bytesOf(row), in)
		return
	}
	spectrum := resize(&e.workers[0].q, s.size())
	copy(bytesOf(spectrum), in)
	e.set.MatMul(row, s.analysisT, spectrum, e.points, s.count, e.channels, false)
}

func bytesOf[T Float](x []T) []byte {
	var v T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), len(x)*int(unsafe.Sizeof(v)))
}

// keptBytes is the size of what is kept of hidden features.
func (e *engine[T]) keptBytes() (sum int) {
	for _, x := range e.act {
		sum += sizeOf(x)
	}
	return sum
}
