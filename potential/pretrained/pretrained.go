// Package pretrained holds models within the program, for demonstrations and
// tests. Beside each model lie its recipe (.toml) and its log (.log.csv).
package pretrained

import (
	_ "embed"

	"ponita/potential"
)

//go:embed acac.h5
var acac []byte

// AcAc returns a model of the acetylacetone molecule, C5H8O2, around 300 K. Its
// provenance says what it was trained on.
func AcAc() (*potential.Model, error) { return potential.Decode(acac) }
