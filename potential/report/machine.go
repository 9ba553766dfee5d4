package report

import (
	"runtime"

	"github.com/klauspost/cpuid/v2"
)

// Machine is what the numbers were measured on.
type Machine struct {
	Program   string `json:"program"` // version
	Go        string `json:"go"`
	System    string `json:"system"`
	Processor string `json:"processor"`
	Cores     int    `json:"cores"`
}

func thisMachine(program string) Machine {
	return Machine{program, runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH, cpuid.CPU.BrandName, runtime.NumCPU()}
}
