package xyz_test

import (
	"fmt"
	"log"
	"os"
	"strings"

	"ponita/xyz"
)

const water = `3
Lattice="9 0 0 0 9 0 0 0 9" Properties=species:S:1:pos:R:3:forces:R:3 energy=-468.2
O  0.00  0.00  0.00   0.0  0.0  0.3
H  0.76  0.59  0.00   0.1  0.2  0.0
H -0.76  0.59  0.00  -0.1 -0.2 -0.3
`

func Example() {
	frame, err := xyz.NewReader(strings.NewReader(water), "water.xyz").Read()
	if err != nil {
		log.Fatal(err)
	}
	labels, err := frame.Labels(xyz.LabelKeys{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(frame.Species, frame.PBC, *labels.Energy, labels.Forces[1])

	frame.Set("source", "by hand")
	frame.SetColumn(xyz.Column{Name: "vel", Data: [][3]float64{{}, {0.01, 0, 0}, {}}})
	if err := xyz.NewWriter(os.Stdout).Write(frame); err != nil {
		log.Fatal(err)
	}
	// Output:
	// [8 1 1] [true true true] -468.2 [0.1 0.2 0]
	// 3
	// Lattice="9.0 0.0 0.0 0.0 9.0 0.0 0.0 0.0 9.0" Properties=species:S:1:pos:R:3:forces:R:3:vel:R:3 energy=-468.2 source="by hand" pbc="T T T"
	// O 0.0 0.0 0.0 0.0 0.0 0.3 0.0 0.0 0.0
	// H 0.76 0.59 0.0 0.1 0.2 0.0 0.01 0.0 0.0
	// H -0.76 0.59 0.0 -0.1 -0.2 -0.3 0.0 0.0 0.0
}

func ExampleCensus() {
	var census xyz.Census
	var frames []*xyz.Frame
	for frame, err := range xyz.NewReader(strings.NewReader(water), "water.xyz").All() {
		if err != nil {
			log.Fatal(err)
		}
		census.Add(frame)
		frames = append(frames, frame)
	}
	labeling, err := census.Choose(xyz.LabelKeys{Forces: "forces"})
	if err != nil {
		log.Fatal(err)
	}
	for _, frame := range frames {
		labels, err := labeling.Of(frame)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(frame.Origin, *labels.Energy, labels.Stress == nil)
	}
	fmt.Print(&census)
	// Output:
	// water.xyz: frame 1 -468.2 true
	// 1 frame, 3 atoms
	// element  H                2 atoms
	// element  O                1 atom
	// label    energy  energy   1 frame
	// label    forces  forces   1 frame
	// label    stress  -        0 frames
	// label    virial  -        0 frames
	// key      energy  real     1 frame
	// column   forces  real[3]  1 frame
}
