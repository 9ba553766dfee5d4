//go:build !purego

package kernel

import "github.com/klauspost/cpuid/v2"

// init appends the sets this machine runs: the processor has the instructions
// and the operating system saves the registers. Nothing else asks about its
// features.
func init() {
	if cpuid.CPU.Supports(cpuid.AVX2, cpuid.FMA3) {
		sets32 = append(sets32, avx2F32())
		sets64 = append(sets64, avx2F64())
	}
	if cpuid.CPU.Supports(cpuid.AVX2, cpuid.FMA3, cpuid.BMI2, cpuid.AVX512F, cpuid.AVX512DQ) {
		sets32 = append(sets32, avx512F32())
		sets64 = append(sets64, avx512F64())
	}
}
