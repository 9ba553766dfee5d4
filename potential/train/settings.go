package train

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"ponita/potential"
)

// Settings are what a training run is told: the keys of a run file and the
// flags of the command line. The tags hold the defaults; a program that fills
// in a Settings itself calls WithDefaults.
type Settings struct {
	Train         string  `placeholder:"FILE" help:"Extended XYZ file to train on."`
	Valid         string  `placeholder:"FILE" help:"File to validate on; without one a part of the training file is held back."`
	ValidFraction float64 `default:"0.1" help:"Part of the training file held back for validation."`
	Frames        int     `default:"0" help:"Use this many frames of the training file, drawn at random; 0 is all."`
	Output        string  `default:"runs/train" help:"Folder for models, checkpoint and log.csv."`
	Seed          uint64  `default:"1" help:"Seed of all random numbers."`
	Threads       int     `default:"0" help:"Threads; 0 is all cores. Results do not depend on it."`

	Start string `placeholder:"FILE" help:"Model to start from: its network is trained further, on these data (fine-tuning). Without one a new network is trained."`

	EnergyKey string `placeholder:"KEY" help:"Key of the energies, eV."`
	ForcesKey string `placeholder:"KEY" help:"Column of the forces, eV/Å."`
	StressKey string `placeholder:"KEY" help:"Key of the stress, eV/Å³, positive in tension."`
	VirialKey string `placeholder:"KEY" help:"Key of the virial, eV."`

	Reference         string   `default:"auto" enum:"auto,isolated,fit" help:"Reference energies: of isolated atoms, fitted, or isolated where there are all (auto)."`
	ReferenceFile     string   `placeholder:"FILE" help:"File with frames of isolated atoms, besides those in the training file."`
	ReferenceEnergies []string `placeholder:"H=-13.6" help:"Reference energies by element, eV, instead."`

	Preset string `default:"small" enum:"small,medium,large" help:"Size of the network, in layers, channels and widening: 2, 32, 4; 3, 64, 2; or 5, 64, 2."`

	Kernel      string  `default:"legendre" enum:"legendre,polynomial,distance" help:"Kernel family."`
	Cutoff      float64 `default:"5" help:"Cutoff radius, Å."`
	Layers      int     `default:"0" help:"Layers T; 0 is the preset's."`
	Channels    int     `default:"0" help:"Channels C; 0 is the preset's."`
	Widening    int     `default:"0" help:"Hidden width of a block over C; 0 is the preset's."`
	Degree      int     `default:"2" help:"Degree of the spatial kernel."`
	FiberDegree int     `default:"0" help:"Degree of the spherical kernel; 0 is 2, or 1 where only that makes the network exactly invariant under rotations."`
	Bessel      int     `default:"8" help:"Radial Bessel functions. They cost nothing after training; many are wild at distances below those in the data."`
	Hidden      int     `default:"32" help:"Width of the network behind the kernels. It costs nothing after training."`
	Activation  string  `help:"Of the blocks: quadratic, with which the network is exactly invariant on a grid that is fine enough, or the paper's gelu; quadratic without, gelu for kernels other than legendre."`
	Mixing      string  `help:"Of channels in the blocks: spherical, with matrices of their own for every degree of the spherical harmonics, or pointwise, the same in all directions, as in the paper; spherical without, pointwise with gelu."`
	NormEpsilon float64 `default:"1" help:"Epsilon of the layer norms: one as large as the variance keeps small messages small, 1e-5 makes all alike."`
	Envelope    int     `default:"3" help:"Order p of the cutoff polynomial: a small one gives less weight to what is far."`
	Radial      string  `help:"Functions of the distance: pairs, of their own for every pair of species, or common to all; pairs without for two to ten species, common otherwise and for kernels other than legendre."`
	Parabola    float64 `default:"1" help:"Below this times the shortest distance in the training data functions of the distance go on as parabolas; 0 leaves them to the network, which makes up what it likes there."`
	Grid        string  `default:"icosahedral32" help:"Orientations: icosahedron12, dodecahedron20, icosahedral32, icosahedral42, icosahedral62 or a file."`
	Baseline    string  `help:"What is fitted before the network, which learns the rest: binding, the mean energy of atoms, or embedded-atom, a potential of pairs and densities as well, which suits metals; binding without."`
	ZBL         bool    `name:"zbl" default:"true" negatable:"" help:"Short-range repulsion below the shortest distances in the data."`
	Calibrate   bool    `default:"true" negatable:"" help:"Scale the initial kernels to the data."`

	Parametrization string `default:"mup" enum:"mup,sp,ntk" help:"How initial weights and learning rates follow the width: maximal update, standard or neural tangent (kernel regime)."`
	BaseChannels    int    `default:"32" help:"Width at which all parametrizations are the same: that for which the learning rate was tuned."`

	Epochs            int      `default:"200" help:"Passes over the data."`
	Batch             int      `default:"2" help:"Configurations per step."`
	Optimizer         string   `default:"muon" enum:"muon,adam" help:"Muon moves the matrices between channels, Adam the rest or all."`
	LearningRate      float64  `default:"0.004" help:"Peak learning rate."`
	Schedule          string   `default:"cosine" enum:"cosine,plateau,constant" help:"Course of the learning rate."`
	WarmUp            float64  `default:"1" help:"Epochs of linear warm-up."`
	FinalRate         float64  `default:"0.001" help:"Least learning rate over the peak."`
	Patience          int      `default:"20" help:"Plateau: epochs without progress after which the rate is halved."`
	WeightDecay       float64  `default:"0" help:"Decoupled decay of matrices."`
	Clip              float64  `default:"4" help:"Largest norm of a gradient over its mean in the last hundred steps, 1 or more."`
	Average           float64  `default:"0.999" help:"Decay of the moving average of the weights, which is what is saved."`
	Rotate            bool     `default:"true" negatable:"" help:"Turn every configuration at random in every epoch."`
	EnergyWeight      float64  `default:"2" help:"Weight of (energy error per atom)² in the loss, 1/eV²."`
	EnergyWeightEnd   float64  `default:"200" help:"What the energy weight tends to as the learning rate falls; 0 is no change."`
	ForceWeight       float64  `default:"1" help:"Weight of (force error)², Å²/eV²."`
	StressWeight      float64  `default:"300" help:"Weight of (stress error)², Å⁶/eV²."`
	ConfigTypeWeights []string `placeholder:"TYPE=WEIGHT" help:"Weights in the loss of the frames of a config_type, which multiply those of single frames; 1 without."`
	WallWeight        float64  `default:"1" help:"Weight of (force)², Å²/eV², with which two atoms alone attract each other closer than bonds are, which makes holes; 0 leaves it to the network. Without ZBL there is none."`
	Precision         string   `default:"float32" enum:"float32,float64" help:"Precision of features and matrix products."`
}

// presets are the sizes of [Settings.Preset]. All other settings are common to
// them: the parametrization carries the learning rate from width to width.
var presets = map[string]struct{ layers, channels, widening int }{
	"small": {2, 32, 4}, "medium": {3, 64, 2}, "large": {5, 64, 2},
}

// WithPreset replaces zeros by what the preset says.
func (s Settings) WithPreset() Settings {
	p := presets[s.Preset]
	s.Layers, s.Channels, s.Widening = cmp.Or(s.Layers, p.layers), cmp.Or(s.Channels, p.channels), cmp.Or(s.Widening, p.widening)
	return s
}

// WithDefaults replaces every zero by the default of its tag, or the preset's.
func (s Settings) WithDefaults() Settings {
	v := reflect.ValueOf(&s).Elem()
	for k := range v.NumField() {
		f, text := v.Field(k), v.Type().Field(k).Tag.Get("default")
		if text == "" || !f.IsZero() {
			continue
		}
		var err error
		switch f.Kind() {
		case reflect.String:
			f.SetString(text)
		case reflect.Bool:
			f.SetBool(text == "true")
		case reflect.Int:
			var n int64
			n, err = strconv.ParseInt(text, 10, 64)
			f.SetInt(n)
		case reflect.Uint64:
			var n uint64
			n, err = strconv.ParseUint(text, 10, 64)
			f.SetUint(n)
		case reflect.Float64:
			var x float64
			x, err = strconv.ParseFloat(text, 64)
			f.SetFloat(x)
		}
		if err != nil {
			panic(err) // a tag above is wrong
		}
	}
	return s.WithPreset()
}

// Validate names the first setting that cannot be used.
func (s Settings) Validate() error {
	if s.Train == "" {
		return errors.New(`train: no training file: want --train FILE or a run file with train = "FILE"`)
	}
	for _, f := range []struct {
		key, value string
		choices    []string
	}{
		{"preset", s.Preset, []string{"small", "medium", "large"}},
		{"kernel", s.Kernel, []string{potential.Legendre, potential.Polynomial, potential.Distance}},
		{"activation", cmp.Or(s.Activation, potential.Quadratic), []string{potential.Quadratic, potential.GELU}},
		{"radial", cmp.Or(s.Radial, potential.Pairs), []string{potential.Pairs, potential.Common}},
		{"mixing", cmp.Or(s.Mixing, potential.Spherical), []string{potential.Spherical, potential.Pointwise}},
		{"reference", s.Reference, []string{"auto", "isolated", "fit"}},
		{"baseline", cmp.Or(s.Baseline, BindingBaseline), []string{BindingBaseline, EmbeddedAtomBaseline}},
		{"optimizer", s.Optimizer, []string{"muon", "adam"}},
		{"schedule", s.Schedule, []string{"cosine", "plateau", "constant"}},
		{"precision", s.Precision, []string{"float32", "float64"}},
		{"parametrization", s.Parametrization, Parametrizations},
	} {
		if !slices.Contains(f.choices, f.value) {
			return fmt.Errorf("train: %s is %q, want one of %s", f.key, f.value, strings.Join(f.choices, ", "))
		}
	}
	if s.ReferenceFile != "" && (s.Reference == "fit" || len(s.ReferenceEnergies) > 0) {
		return fmt.Errorf("train: reference_file %s would not be used with reference = \"fit\" or reference_energies: leave one of them out", s.ReferenceFile)
	}
	if s.EnergyWeight == 0 && s.EnergyWeightEnd == 0 && s.ForceWeight == 0 && s.StressWeight == 0 {
		return errors.New("train: energy_weight, force_weight and stress_weight are all 0: there is nothing to learn from")
	}
	for _, f := range []struct {
		key         string
		value       float64
		least, most float64
	}{
		{"valid_fraction", s.ValidFraction, 0, 0.9},
		{"frames", float64(s.Frames), 0, 1e9},
		{"base_channels", float64(s.BaseChannels), 1, 1 << 14},
		{"epochs", float64(s.Epochs), 1, 1e7},
		{"batch", float64(s.Batch), 1, 1e5},
		{"threads", float64(s.Threads), 0, 4096},
		{"cutoff", s.Cutoff, 0.1, 100},
		{"learning_rate", s.LearningRate, 1e-12, 10},
		{"warm_up", s.WarmUp, 0, 1e6},
		{"final_rate", s.FinalRate, 0, 1},
		{"patience", float64(s.Patience), 1, 1e6},
		{"weight_decay", s.WeightDecay, 0, 1},
		{"norm_epsilon", s.NormEpsilon, 1e-12, 1e6},
		{"parabola", s.Parabola, 0, 2},
		{"clip", s.Clip, 1, 1e12},
		{"average", s.Average, 0, 0.999999999},
		{"energy_weight", s.EnergyWeight, 0, 1e12},
		{"energy_weight_end", s.EnergyWeightEnd, 0, 1e12},
		{"wall_weight", s.WallWeight, 0, 1e12},
		{"force_weight", s.ForceWeight, 0, 1e12},
		{"stress_weight", s.StressWeight, 0, 1e12},
	} {
		if math.IsNaN(f.value) || f.value < f.least || f.value > f.most {
			return fmt.Errorf("train: %s is %g, want %g to %g", f.key, f.value, f.least, f.most)
		}
	}
	return nil
}
