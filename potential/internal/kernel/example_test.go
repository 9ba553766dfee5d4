package kernel_test

import (
	"fmt"
	"log"

	"ponita/potential/internal/kernel"
)

func Example() {
	set, err := kernel.Best[float32]()
	if err != nil {
		log.Fatal(err)
	}
	a := []float32{1, 2, 3, 4, 5, 6} // [2][3]
	b := []float32{1, 0, 0, 1, 1, 1} // [3][2]
	c := make([]float32, 4)          // [2][2]
	set.MatMul(c, a, b, 2, 3, 2, false)
	fmt.Println(c)
	// Output: [4 5 10 11]
}
