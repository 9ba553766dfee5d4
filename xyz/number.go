package xyz

import (
	"encoding/binary"
	"math"
	"math/bits"
	"strconv"
)

// pow10 holds the powers of ten that float64 represents exactly.
var pow10 = [...]float64{
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
}

// pow10int holds the powers of ten below 2⁶⁴.
var pow10int = [...]uint64{
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10,
	1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
}

// scanFloat reads the decimal number that starts at s[i], with e, E, d or D
// before its exponent, and returns the float64 nearest to it and the index after
// it. ok is false if there is no number or if float64 cannot hold it.
func scanFloat(s []byte, i int) (x float64, end int, ok bool) {
	start := i
	// The sign of a coordinate is random: no branch may depend on it.
	var sign uint64
	if i < len(s) && s[i] == '-' {
		sign = 1 << 63
	}
	i += int(sign >> 63)
	if i == start && i < len(s) && s[i] == '+' {
		i++
	}
	first := i
	mantissa, i := scanDigits(s, i, 0)
	digits, exponent := i-first, 0
	if i < len(s) && s[i] == '.' {
		first = i + 1
		mantissa, i = scanDigits(s, first, mantissa)
		exponent = first - i
		digits -= exponent
	}
	if digits == 0 {
		return 0, start, false
	}
	if i < len(s) && (s[i]|0x20 == 'e' || s[i]|0x20 == 'd') {
		e, next := scanExponent(s, i+1)
		if next == i+1 {
			return 0, start, false
		}
		exponent += e
		i = next
	}
	// Mantissa and power of ten must be exact, so that the one rounding of their
	// product or quotient is the rounding to nearest. Up to 53 bits, and for a
	// power up to 10²², they are as float64; up to 64 bits as integers.
	switch {
	case digits > 19: // the mantissa has overflowed
		x, ok = parseFloat(s[start:i])
		return x, i, ok
	case mantissa <= 1<<53 && -22 <= exponent && exponent < 0:
		x = float64(mantissa) / pow10[-exponent]
	case mantissa <= 1<<53 && 0 <= exponent && exponent <= 22:
		x = float64(mantissa) * pow10[exponent]
	case -19 <= exponent && exponent < 0:
		x = quotient(mantissa, pow10int[-exponent])
	default:
		x, ok = parseFloat(s[start:i])
		return x, i, ok
	}
	return math.Float64frombits(math.Float64bits(x) | sign), i, true
}

// quotient returns the float64 nearest to m/d. Neither may be zero.
func quotient(m, d uint64) float64 {
	shiftM, shiftD := bits.LeadingZeros64(m), bits.LeadingZeros64(d)
	m <<= shiftM
	d <<= shiftD
	// With m/d between 1/2 and 2 the integer quotient has 63 or 64 bits, ten more
	// than float64. Its last bit stands for all that follow it.
	q, rest := bits.Div64(m>>1, m<<63, d)
	if rest != 0 {
		q |= 1
	}
	exponent := shiftD - shiftM - 63
	return float64(q) * math.Float64frombits(uint64(1023+exponent)<<52)
}

// scanDigits appends the digits at s[i] to a decimal value and returns the index
// after them. It takes eight at a time, and fewer without a loop: their number is
// random before the point, and a mispredicted branch costs more than all the
// arithmetic here.
func scanDigits(s []byte, i int, value uint64) (uint64, int) {
	for i+8 <= len(s) && isDigit(s[i]) {
		const each = 0x0101010101010101
		x := binary.LittleEndian.Uint64(s[i:]) ^ '0'*each // digits become 0 to 9
		// A byte above 9 has a bit in its upper half, or has one after adding 6.
		// Carries reach only the characters behind it, which do not count.
		other := (x | (x + 6*each)) & (0xf0 * each)
		if other != 0 {
			n := bits.TrailingZeros64(other) / 8
			// The first character is the lowest byte: zeros move in before it.
			return value*pow10int[n] + eightDigits(x<<(64-8*n)), i + n
		}
		value = value*1e8 + eightDigits(x)
		i += 8
	}
	for i < len(s) && isDigit(s[i]) {
		value = value*10 + uint64(s[i]-'0')
		i++
	}
	return value, i
}

// eightDigits returns the number with the digits x, the first in the lowest byte.
func eightDigits(x uint64) uint64 {
	x = x*10 + x>>8 // pairs, in every other byte
	const low = 0x000000ff000000ff
	// The first product has pairs 0 and 2 in its upper half, the second 1 and 3.
	x = (x&low)*(100+1000000<<32) + (x>>16&low)*(1+10000<<32)
	return x >> 32
}

// scanExponent reads an integer with optional sign, and returns the index after
// it, or i if there is none.
func scanExponent(s []byte, i int) (e, end int) {
	start := i
	negative := i < len(s) && s[i] == '-'
	if negative || i < len(s) && s[i] == '+' {
		i++
	}
	first := i
	for ; i < len(s) && isDigit(s[i]); i++ {
		if e < 1e6 { // far beyond float64; more digits must not wrap around
			e = e*10 + int(s[i]-'0')
		}
	}
	if i == first {
		return 0, start
	}
	if negative {
		e = -e
	}
	return e, i
}

// parseFloat is the slow and general half of scanFloat.
func parseFloat(s []byte) (float64, bool) {
	var buffer [64]byte
	text := append(buffer[:0], s...)
	for i, c := range text {
		if c|0x20 == 'd' {
			text[i] = 'e'
		}
	}
	x, err := strconv.ParseFloat(string(text), 64)
	return x, err == nil
}

// appendFloat appends the shortest decimal that reads back as x, and as a float:
// 1 becomes 1.0.
func appendFloat(b []byte, x float64) []byte {
	start := len(b)
	b = strconv.AppendFloat(b, x, 'g', -1, 64)
	for _, c := range b[start:] {
		if c != '-' && c-'0' > 9 { // a point, an exponent, or the letters of NaN and Inf
			return b
		}
	}
	return append(b, ".0"...)
}

func isDigit(c byte) bool { return c-'0' <= 9 }
