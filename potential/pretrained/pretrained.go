// Package pretrained holds models within the program, for demonstrations and
// tests.
package pretrained

import (
	"embed"
	"fmt"

	"ponita/potential"
)

// The pattern also matches the settings of the training, so that everything
// builds before the model is trained.
//
//go:embed acac.*
var files embed.FS

// AcAc returns a model of the acetylacetone molecule, C5H8O2. Its provenance says
// what it was trained on.
func AcAc() (*potential.Model, error) {
	data, err := files.ReadFile("acac.h5")
	if err != nil {
		return nil, fmt.Errorf("pretrained: this program was built without a model: %w", err)
	}
	return potential.Decode(data)
}
