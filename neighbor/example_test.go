package neighbor_test

import (
	"fmt"
	"log"

	"ponita/neighbor"
)

// Two atoms of silicon in the primitive cell, thinner than the cutoff.
func Example() {
	const a = 5.43 // Å
	lattice := [3][3]float64{{0, a / 2, a / 2}, {a / 2, 0, a / 2}, {a / 2, a / 2, 0}}
	pos := [][3]float64{{0, 0, 0}, {a / 4, a / 4, a / 4}}

	g, err := neighbor.Build(pos, lattice, [3]bool{true, true, true}, 2.6)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.2f Å³\n", neighbor.Volume(lattice))
	for e := g.Start[0]; e < g.Start[1]; e++ {
		fmt.Printf("0 sees %d with shift %2d at %7.4f Å\n", g.Neighbor[e], g.Shift[e], g.Vec[e])
	}
	// Output:
	// 40.03 Å³
	// 0 sees 1 with shift [-1  0  0] at [ 1.3575 -1.3575 -1.3575] Å
	// 0 sees 1 with shift [ 0 -1  0] at [-1.3575  1.3575 -1.3575] Å
	// 0 sees 1 with shift [ 0  0 -1] at [-1.3575 -1.3575  1.3575] Å
	// 0 sees 1 with shift [ 0  0  0] at [ 1.3575  1.3575  1.3575] Å
}

// Dynamics keeps a List and asks it for the graph of every step.
func ExampleList() {
	pos := [][3]float64{{0, 0, 0}, {0, 0, 4.2}}
	list, err := neighbor.NewList(4, 0.5, [3]bool{})
	if err != nil {
		log.Fatal(err)
	}
	for range 4 {
		g, rebuilt, err := list.Update(pos, [3][3]float64{})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%.2f Å: %d edges, searched %v\n", pos[1][2], len(g.Neighbor), rebuilt)
		pos[1][2] -= 0.15
	}
	// Output:
	// 4.20 Å: 0 edges, searched true
	// 4.05 Å: 0 edges, searched false
	// 3.90 Å: 2 edges, searched false
	// 3.75 Å: 2 edges, searched false
}
