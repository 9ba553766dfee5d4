package potential

import (
	"fmt"
	"slices"

	"ponita/potential/internal/kernel"
)

// Kernel families. See [Config.Kernel].
const (
	Legendre   = "legendre"
	Polynomial = "polynomial"
	Distance   = "distance"
	Tabulated  = "tabulated"
)

// Activations. See [Config.Activation].
const (
	GELU      = "gelu"
	Quadratic = "quadratic"

	Pointwise = "pointwise"
	Spherical = "spherical"
)

// Config fixes the architecture: everything about a network but its weights.
// Zero values mean the defaults stated at each field; [Config.WithDefaults]
// fills them in.
type Config struct {
	// Species lists the atomic numbers the network knows, in the order of the
	// rows of the embedding.
	Species []int `json:"species"`
	// Cutoff r_c in Å. Required, except for the polynomial and distance
	// families, where 0 means no envelope (a finite, fully connected graph, as
	// in the authors' molecular networks).
	Cutoff float64 `json:"cutoff"`
	// Envelope is the order p of the cutoff polynomial; 0 means 6.
	Envelope int `json:"envelope"`
	// Radial says whose the radial functions of the legendre family are: "common", which
	// "" means too, to all pairs of species, or "pairs", of every pair its own.
	Radial string `json:"radial,omitempty"`
	// Parabola holds the distances in Å below which radial functions of the legendre family go
	// on as parabolas, for the training data hold them no farther: one for each set of
	// functions ([Config.RadialSet]). 0 is none; so is nil for all.
	Parabola Distances `json:"parabola,omitempty"`
	// Kernel names the family of convolution kernels: "legendre" (default) is
	// band-limited and smooth, for dynamics; "polynomial" is the paper's;
	// "distance" sees distances only and has no orientations. "tabulated" is what
	// [Model.Compress] makes of a polynomial one: like legendre with the radial
	// functions in a table, not to be trained.
	Kernel string `json:"kernel"`
	// Grid is the set of orientations; the zero value means [Icosahedron]. The
	// legendre family needs the opposite of every orientation in it.
	Grid Grid `json:"grid"`

	Layers   int `json:"layers"`   // T; 0 means 3
	Channels int `json:"channels"` // C; 0 means 32
	Widening int `json:"widening"` // hidden width of a block over C; 0 means 4
	// Degree is the degree of the spatial kernel: the highest Legendre
	// polynomial L (0 means 2), or of the polynomial features D (0 means 3).
	Degree int `json:"degree"`
	// FiberDegree is the same for the spherical kernel: L' (0 means 2, or 1 where
	// only that makes the network [Config.Exact]) or D (0 means Degree).
	FiberDegree int `json:"fiber_degree"`
	// Bessel is the number of radial Bessel functions that feed the radial MLP
	// of the legendre family; 0 means 8.
	Bessel int `json:"bessel"`
	// Hidden and Basis are the two widths of the MLP behind the kernels: it
	// ends in Basis functions, from which each layer takes linear combinations.
	Hidden int `json:"hidden"` // 0 means 32
	Basis  int `json:"basis"`  // 0 means Hidden
	// Intervals is the number of intervals of the tables of a tabulated network.
	Intervals int `json:"intervals,omitempty"`
	// Activation of the blocks: "gelu", which "" means too, is the paper's;
	// "quadratic", for legendre kernels, is its Taylor polynomial of second order, with
	// layer norms over channels and spherical harmonics of an atom together. Then
	// features are band-limited, and a grid can be fine enough for exact invariance:
	// see [Config.Exact].
	Activation string `json:"activation,omitempty"`
	// Mixing of channels in a block: "pointwise", which "" means too, is the paper's, in
	// every orientation on its own; "spherical", with the quadratic activation, has
	// matrices W1 and W2 of their own for every degree of the spherical harmonics. That
	// is a spherical convolution which mixes channels, at the price of the other.
	Mixing string `json:"mixing,omitempty"`
	// NormEpsilon is ε of the layer norms, (n − mean n)(var n + ε)^(-1/2); 0 means
	// 1e-5. One of the order of the variance keeps small messages small.
	NormEpsilon float64 `json:"norm_epsilon,omitempty"`
	// LayerScale multiplies each block's output by a learned factor per channel.
	LayerScale bool `json:"layer_scale,omitempty"`
	// MeanNeighbors is n̄, the mean number of neighbours in the training set,
	// by whose square root a sum over neighbours is divided; 0 means 1.
	MeanNeighbors float64 `json:"mean_neighbors"`

	// The rest is for networks that are not an energy: more inputs than the
	// one-hot species, more outputs than one scalar.
	InputScalars    int  `json:"input_scalars,omitempty"` // per atom; 0 means len(Species)
	InputVectors    int  `json:"input_vectors,omitempty"`
	OutputScalars   int  `json:"output_scalars,omitempty"` // per atom; 0 means 1 if there are no vectors
	OutputVectors   int  `json:"output_vectors,omitempty"`
	LastReadoutOnly bool `json:"last_readout_only,omitempty"` // read out the last layer, not all
}

// WithDefaults returns the configuration with every zero that means a default
// replaced by it.
func (c Config) WithDefaults() Config {
	def := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	if c.Kernel == "" {
		c.Kernel = Legendre
	}
	degree := 3
	if c.Kernel == Legendre {
		degree = 2
	}
	def(&c.Envelope, 6)
	def(&c.Layers, 3)
	def(&c.Channels, 32)
	def(&c.Widening, 4)
	def(&c.Degree, degree)
	if c.Kernel == Legendre {
		def(&c.Bessel, 8)
	}
	def(&c.Hidden, 32)
	def(&c.Basis, c.Hidden)
	def(&c.InputScalars, len(c.Species))
	if c.OutputVectors == 0 {
		def(&c.OutputScalars, 1)
	}
	if c.MeanNeighbors == 0 {
		c.MeanNeighbors = 1
	}
	if c.NormEpsilon == 0 {
		c.NormEpsilon = 1e-5
	}
	if c.Activation == "" {
		c.Activation = GELU
	}
	if c.Mixing == "" {
		c.Mixing = Pointwise
	}
	if c.Radial == "" {
		c.Radial = Common
	}
	if c.Kernel == Distance {
		c.Grid = Grid{Name: "none", Orientations: [][3]float64{{}}, Weights: []float64{1}}
	} else if len(c.Grid.Orientations) == 0 {
		c.Grid = Icosahedron()
	}
	if c.FiberDegree == 0 {
		c.FiberDegree = c.Degree
		if c.Kernel == Legendre {
			c.FiberDegree = c.legendreFiber()
		}
	}
	return c
}

// limits of the sizes, far above sense and far below what overflows an index.
const (
	maxWidth  = 1 << 14
	maxDegree = 16
	maxLayers = 64
	maxGrid   = 4096
)

// Validate reports the first field whose value cannot be used. Call it on a
// configuration with defaults filled in.
func (c Config) Validate() error {
	if !slices.Contains([]string{Legendre, Polynomial, Distance, Tabulated}, c.Kernel) {
		return fmt.Errorf("potential: kernel %q, want %q, %q, %q or %q", c.Kernel, Legendre, Polynomial, Distance, Tabulated)
	}
	for _, f := range []struct {
		name       string
		value      int
		least, max int
	}{
		{"layers", c.Layers, 1, maxLayers},
		{"channels", c.Channels, 1, maxWidth},
		{"widening", c.Widening, 1, 64},
		{"degree", c.Degree, 0, maxDegree},
		{"fiber_degree", c.FiberDegree, 0, maxDegree},
		{"hidden", c.Hidden, 1, maxWidth},
		{"basis", c.Basis, 1, maxWidth},
		{"envelope", c.Envelope, 2, 64},
		{"bessel", c.Bessel, 0, 256},
		{"input_scalars", c.InputScalars, 0, maxWidth},
		{"input_vectors", c.InputVectors, 0, maxWidth},
		{"output_scalars", c.OutputScalars, 0, maxWidth},
		{"output_vectors", c.OutputVectors, 0, maxWidth},
		{"inputs", c.InputScalars + c.InputVectors, 1, maxWidth},
		{"outputs", c.OutputScalars + c.OutputVectors, 1, maxWidth},
	} {
		if f.value < f.least || f.value > f.max {
			return fmt.Errorf("potential: %s is %d, want %d to %d", f.name, f.value, f.least, f.max)
		}
	}
	switch {
	case c.Kernel == Legendre && c.Bessel < 1:
		return fmt.Errorf("potential: bessel is %d, want at least 1", c.Bessel)
	case c.Kernel == Tabulated && (c.Intervals < 1 || c.Intervals > mostIntervals):
		return fmt.Errorf("potential: intervals is %d, want 1 to %d", c.Intervals, mostIntervals)
	case c.hasEngine() && c.Degree < 1:
		return fmt.Errorf("potential: degree is %d, want at least 1 for %s kernels", c.Degree, c.Kernel)
	case c.hasEngine() && !(c.Cutoff > 0):
		return fmt.Errorf("potential: cutoff is %g Å, want a positive length", c.Cutoff)
	case !(c.Cutoff >= 0 && c.Cutoff < 1e3):
		return fmt.Errorf("potential: cutoff is %g Å, want 0 to 1000", c.Cutoff)
	case c.Radial != Common && c.Radial != Pairs:
		return fmt.Errorf("potential: radial %q, want %q or %q", c.Radial, Common, Pairs)
	case c.Radial == Pairs && (c.Kernel != Legendre || c.InputScalars != len(c.Species) || c.InputVectors > 0):
		return fmt.Errorf("potential: radial %q is for %s kernels and networks whose inputs are the species", Pairs, Legendre)
	case len(c.Parabola) > 0 && (c.Kernel != Legendre || len(c.Parabola) != c.RadialSets()):
		return fmt.Errorf("potential: parabola has %d distances, want none, or for %s kernels %d, one for each set of radial functions", len(c.Parabola), Legendre, c.RadialSets())
	case !(c.MeanNeighbors > 0 && c.MeanNeighbors < 1e9):
		return fmt.Errorf("potential: mean_neighbors is %g, want a positive number", c.MeanNeighbors)
	case !(c.NormEpsilon > 0 && c.NormEpsilon < 1e9):
		return fmt.Errorf("potential: norm_epsilon is %g, want a positive number", c.NormEpsilon)
	case c.Activation != GELU && c.Activation != Quadratic:
		return fmt.Errorf("potential: activation %q, want %q or %q", c.Activation, GELU, Quadratic)
	case c.Activation == Quadratic && c.Kernel != Legendre:
		return fmt.Errorf("potential: activation %q is for %q kernels, not for %q", Quadratic, Legendre, c.Kernel)
	case c.Mixing != Pointwise && c.Mixing != Spherical:
		return fmt.Errorf("potential: mixing %q, want %q or %q", c.Mixing, Pointwise, Spherical)
	case c.Mixing == Spherical && c.Activation != Quadratic:
		return fmt.Errorf("potential: mixing %q is for activation %q, not for %q", Spherical, Quadratic, c.Activation)
	case c.spectral() && c.FiberDegree > kernel.MostSquared:
		return fmt.Errorf("potential: fiber_degree is %d, want at most %d with activation %q", c.FiberDegree, kernel.MostSquared, Quadratic)
	case c.Kernel == Distance && c.InputVectors+c.OutputVectors > 0:
		return fmt.Errorf("potential: the distance family has no orientations, so no vectors in or out")
	}
	for _, r := range c.Parabola {
		if !(r >= 0 && r < c.Cutoff) {
			return fmt.Errorf("potential: parabola is %g Å, want 0 or a distance below the cutoff of %g Å", r, c.Cutoff)
		}
	}
	seen := map[int]bool{}
	for _, z := range c.Species {
		if z < 1 || z > 118 || seen[z] {
			return fmt.Errorf("potential: species %v, want different atomic numbers from 1 to 118", c.Species)
		}
		seen[z] = true
	}
	if err := c.Grid.Validate(); err != nil {
		return err
	}
	if degree := c.Grid.Degree(); c.spectral() && degree < 4*c.FiberDegree {
		return fmt.Errorf("potential: grid %q integrates degree %d, activation %q with a spherical kernel of degree %d needs %d: choose fiber_degree %d or less, a finer grid or activation %q",
			c.Grid.Name, degree, Quadratic, c.FiberDegree, 4*c.FiberDegree, degree/4, GELU)
	}
	if _, ok := c.Grid.paired(); !ok && c.hasEngine() {
		return fmt.Errorf("potential: grid %q has an orientation without its opposite, which %s kernels need: add the opposites, or use kernel %q", c.Grid.Name, c.Kernel, Polynomial)
	}
	return nil
}

// hasEngine tells whether the engine evaluates networks of this configuration.
// The other families, which are there for parity with published models, are
// evaluated by a [Pass].
func (c Config) hasEngine() bool { return c.Kernel == Legendre || c.Kernel == Tabulated }

// Exact tells whether energies and forces do not depend on how the atoms are turned
// against the grid, as they would not with all orientations of S²: whether the grid
// integrates everything that is multiplied. With kernels of degrees L and L' and the
// quadratic activation, features are sums of spherical harmonics of a finite degree,
//
//	n: L',  h: 2L',  m: 2L'+L,
//
// and the spherical convolution integrates m times a kernel of degree L'. The GELU
// makes all degrees of n; nothing integrates them.
func (c Config) Exact() bool {
	return c.Kernel == Distance || c.spectral() && c.Grid.Degree() >= 3*c.FiberDegree+c.Degree
}

// spectral tells whether n is kept as a spectrum, see spectrum.go.
func (c Config) spectral() bool { return c.Activation == Quadratic }

// legendreFiber is the default of FiberDegree in the legendre family.
func (c Config) legendreFiber() int {
	one, two := c, c
	one.FiberDegree, two.FiberDegree = 1, 2
	if one.Exact() && !two.Exact() {
		return 1
	}
	return 2
}

// hasFiber tells whether there is a spherical convolution.
func (c Config) hasFiber() bool { return c.Kernel != Distance }

// readouts returns how many layers are read out.
func (c Config) readouts() int {
	if c.LastReadoutOnly {
		return 1
	}
	return c.Layers
}

// readsOut tells whether layer t (0-based) is read out.
func (c Config) readsOut(t int) bool { return !c.LastReadoutOnly || t == c.Layers-1 }
