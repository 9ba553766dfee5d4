package integrator

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"math/rand/v2"
)

// Purposes of streams. Each purpose draws from its own stream, so that a
// second choice of velocities leaves the noise of the thermostat as it was.
const (
	VelocityStream   = "velocities"
	ThermostatStream = "thermostat"
)

// Stream is a source of random numbers with a state that can be saved. The
// numbers follow from seed, purpose and how many were drawn before.
type Stream struct {
	*rand.Rand
	source *rand.PCG
}

// NewStream returns the stream of a purpose under a seed. Streams of different
// purposes or seeds are independent: both enter a hash that seeds a PCG.
func NewStream(seed uint64, purpose string) *Stream {
	key := binary.LittleEndian.AppendUint64(nil, seed)
	sum := sha256.Sum256(append(key, purpose...))
	source := rand.NewPCG(binary.LittleEndian.Uint64(sum[0:]), binary.LittleEndian.Uint64(sum[8:]))
	return &Stream{rand.New(source), source}
}

// MarshalBinary implements encoding.BinaryMarshaler. The source is the whole
// state: rand.Rand keeps no spare normal deviate.
func (r *Stream) MarshalBinary() ([]byte, error) { return r.source.MarshalBinary() }

// UnmarshalBinary implements encoding.BinaryUnmarshaler.
func (r *Stream) UnmarshalBinary(data []byte) error {
	source := new(rand.PCG)
	if err := source.UnmarshalBinary(data); err != nil {
		return err
	}
	*r = Stream{rand.New(source), source}
	return nil
}

// chiSquare returns the sum of the squares of n independent normal deviates, 0
// for n < 1, at a cost that does not grow with n.
func chiSquare(rng *rand.Rand, n int) float64 {
	if n < 1 {
		return 0
	}
	sum := 0.0
	if n%2 == 1 {
		x := rng.NormFloat64()
		sum = x * x
	}
	if n >= 2 {
		sum += 2 * gamma(rng, float64(n/2))
	}
	return sum
}

// gamma returns a deviate of the gamma distribution with the given shape ≥ 1
// and scale 1.
//
// Source: Marsaglia, Tsang, ACM Trans. Math. Softw. 26, 363 (2000).
func gamma(rng *rand.Rand, shape float64) float64 {
	d := shape - 1./3
	c := 1 / math.Sqrt(9*d)
	for {
		x := rng.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v = v * v * v
		// 1-Float64 lies in (0, 1], where the logarithm is finite.
		u := 1 - rng.Float64()
		if math.Log(u) < x*x/2+d*(1-v+math.Log(v)) {
			return d * v
		}
	}
}
