//go:build !purego

package kernel

// init appends the sets this machine runs. Nothing else asks about its
// features.
func init() {
	avx2, avx512 := features()
	if avx2 {
		sets32 = append(sets32, avx2F32())
		sets64 = append(sets64, avx2F64())
	}
	if avx512 {
		sets32 = append(sets32, avx512F32())
		sets64 = append(sets64, avx512F64())
	}
}

// features tells whether the processor has the instructions of a set and the
// operating system saves the registers they use.
//
// Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume
// 2, CPUID, and volume 1, sections 14.3 and 15.2.
func features() (avx2, avx512 bool) {
	const (
		fma, osxsave, avx          = 1 << 12, 1 << 27, 1 << 28        // leaf 1, ecx
		avx2Bit, bmi2, avx512f, dq = 1 << 5, 1 << 8, 1 << 16, 1 << 17 // leaf 7, ebx
		ymmState, zmmState         = 0x06, 0xe6                       // XCR0
	)
	if leaves, _, _, _ := cpuid(0, 0); leaves < 7 {
		return false, false
	}
	_, _, leaf1, _ := cpuid(1, 0)
	if !all(leaf1, fma|osxsave|avx) {
		return false, false
	}
	_, leaf7, _, _ := cpuid(7, 0)
	state := xcr0()
	avx2 = all(leaf7, avx2Bit) && all(state, ymmState)
	avx512 = avx2 && all(leaf7, bmi2|avx512f|dq) && all(state, zmmState)
	return avx2, avx512
}

func all(word, bits uint32) bool { return word&bits == bits }
