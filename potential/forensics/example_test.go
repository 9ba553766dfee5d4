package forensics_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"ponita/potential/forensics"
	"ponita/xyz"
)

func Example() {
	dir, err := os.MkdirTemp("", "forensics")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	// Hydrogen molecules, the last a copy of the first with another energy.
	var frames []*xyz.Frame
	for _, d := range []float64{0.74, 0.70, 0.80, 0.74} {
		f := &xyz.Frame{Species: []int{1, 1}, Pos: [][3]float64{{}, {d, 0, 0}}}
		f.Set("energy", -31.7-float64(len(frames))/100)
		frames = append(frames, f)
	}
	path := filepath.Join(dir, "h2.xyz")
	if err := xyz.WriteFile(path, frames...); err != nil {
		log.Fatal(err)
	}

	set, err := forensics.Read(path, xyz.LabelKeys{})
	if err != nil {
		log.Fatal(err)
	}
	result, err := forensics.Examine([]*forensics.Set{set}, forensics.Options{})
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range result.Findings {
		if f.Severity == forensics.Error {
			fmt.Println(f.Message, "in frames", f.Where[0].Frames)
		}
	}
	// Output: 2 copies of one structure with different labels: energies -31.730000 and -31.700000 eV in frames [1 4]
}
