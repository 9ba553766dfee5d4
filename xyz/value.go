package xyz

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// kind is a primitive type, by its letter in Properties.
type kind byte

const (
	kindString kind = 'S'
	kindInt    kind = 'I'
	kindReal   kind = 'R'
	kindBool   kind = 'L'
)

// name returns the word used for the kind in messages and tables.
func (k kind) name() string {
	switch k {
	case kindInt:
		return "int"
	case kindReal:
		return "real"
	case kindBool:
		return "logical"
	}
	return "string"
}

// jsonMarker starts a quoted value that holds JSON; ASE writes it for values
// that the format has no notation for.
const jsonMarker = "_JSON "

// classify returns the first of int, real, bool and string that the bare text
// denotes; no text is both number and bool. Text that a number would not give back is a string: leading zeros (an
// identifier, often) and numbers out of range.
func classify(text string) kind {
	if _, ok := parseBool(text); ok {
		return kindBool
	}
	digits := strings.TrimLeft(text, "+-")
	if len(digits) > 1 && digits[0] == '0' && isDigit(digits[1]) {
		return kindString
	}
	if strings.Trim(digits, "0123456789") == "" {
		if _, err := strconv.Atoi(text); err == nil {
			return kindInt
		}
		return kindString
	}
	if _, end, ok := scanFloat([]byte(text), 0); ok && end == len(text) {
		return kindReal
	}
	return kindString
}

func parseBool(text string) (value, ok bool) {
	switch text {
	case "T", "true", "True", "TRUE":
		return true, true
	case "F", "false", "False", "FALSE":
		return false, true
	}
	return false, false
}

// element is one scalar of a value. In quotes it is a string whatever it looks
// like.
type element struct {
	text string
	kind kind
}

// commonKind returns the kind that all elements satisfy: int, else real, else
// bool, else string.
func commonKind(rows ...[]element) kind {
	common := rows[0][0].kind
	for _, row := range rows {
		for _, e := range row {
			switch {
			case e.kind == common:
			case e.kind == kindInt && common == kindReal, e.kind == kindReal && common == kindInt:
				common = kindReal
			default:
				return kindString
			}
		}
	}
	return common
}

// assemble converts rows of elements to the Go value: the only element for
// dimension 0, the only row for 1, all rows for 2.
func assemble(dimension int, rows ...[]element) any {
	switch commonKind(rows...) {
	case kindInt:
		return convert(rows, dimension, func(s string) int { n, _ := strconv.Atoi(s); return n })
	case kindReal:
		return convert(rows, dimension, func(s string) float64 { x, _, _ := scanFloat([]byte(s), 0); return x })
	case kindBool:
		return convert(rows, dimension, func(s string) bool { b, _ := parseBool(s); return b })
	}
	return convert(rows, dimension, func(s string) string { return s })
}

func convert[T any](rows [][]element, dimension int, parse func(string) T) any {
	values := make([][]T, len(rows))
	for i, row := range rows {
		values[i] = make([]T, len(row))
		for j, e := range row {
			values[i][j] = parse(e.text)
		}
	}
	switch dimension {
	case 0:
		return values[0][0]
	case 1:
		return values[0]
	}
	return values
}

// appendValue appends the notation that reads back as v: numeric and boolean
// vectors in the old style, "1 2 3", which every program reads, and all other
// arrays in brackets.
func appendValue(b []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case int, float64, bool:
		return appendScalar(b, v)
	case string:
		return appendString(b, v)
	case json.RawMessage:
		if !json.Valid(v) {
			return b, fmt.Errorf("%q is not JSON", v)
		}
		return appendText(b, jsonMarker+string(v))
	case []int:
		return appendVector(b, v)
	case []float64:
		return appendVector(b, v)
	case []bool:
		return appendVector(b, v)
	case []string:
		return appendRow(b, v)
	case [][]int:
		return appendMatrix(b, v)
	case [][]float64:
		return appendMatrix(b, v)
	case [][]bool:
		return appendMatrix(b, v)
	case [][]string:
		return appendMatrix(b, v)
	}
	return b, fmt.Errorf("a value of type %T cannot be written", v)
}

// appendScalar appends one value, a string always in quotes: between brackets
// they alone make it a string.
func appendScalar(b []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case int:
		return strconv.AppendInt(b, int64(v), 10), nil
	case bool:
		return appendBool(b, v), nil
	case float64:
		if !finite(v) {
			return b, fmt.Errorf("the value %v cannot be written", v)
		}
		return appendFloat(b, v), nil
	}
	return appendText(b, v.(string))
}

func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 'T')
	}
	return append(b, 'F')
}

func appendVector[T any](b []byte, row []T) ([]byte, error) {
	if len(row) < 2 { // "1" is a scalar
		return appendRow(b, row)
	}
	b = append(b, '"')
	for i, v := range row {
		if i > 0 {
			b = append(b, ' ')
		}
		var err error
		if b, err = appendScalar(b, v); err != nil {
			return b, err
		}
	}
	return append(b, '"'), nil
}

func appendRow[T any](b []byte, row []T) ([]byte, error) {
	if len(row) == 0 {
		return b, errors.New("an empty array cannot be written")
	}
	b = append(b, '[')
	for i, v := range row {
		if i > 0 {
			b = append(b, ", "...)
		}
		var err error
		if b, err = appendScalar(b, v); err != nil {
			return b, err
		}
	}
	return append(b, ']'), nil
}

func appendMatrix[T any](b []byte, rows [][]T) ([]byte, error) {
	if len(rows) == 0 {
		return b, errors.New("an empty array cannot be written")
	}
	b = append(b, '[')
	for i, row := range rows {
		if len(row) != len(rows[0]) {
			return b, fmt.Errorf("row %d of the matrix has %d values, the first has %d", i+1, len(row), len(rows[0]))
		}
		if i > 0 {
			b = append(b, ", "...)
		}
		var err error
		if b, err = appendRow(b, row); err != nil {
			return b, err
		}
	}
	return append(b, ']'), nil
}

// appendString appends a string so that it is read as that string. Text that
// looks like something else ("12", "T F", "_JSON 1") gets a backslash before its
// first character: the format reads it as that character, and no number or
// array holds one.
func appendString(b []byte, text string) ([]byte, error) {
	if isBare(text) && classify(text) == kindString {
		return append(b, text...), nil
	}
	start := len(b)
	b, err := appendText(b, text)
	if err != nil {
		return b, err
	}
	p := parser{s: string(b[start:])}
	v, err := p.value()
	if _, isString := v.(string); !isString || err != nil {
		b = append(b[:start], `"\`...)
		b = append(b, p.s[1:]...)
	}
	return b, nil
}

// appendText appends text in quotes, with backslashes where they are needed.
func appendText(b []byte, text string) ([]byte, error) {
	if !utf8.ValidString(text) {
		return b, fmt.Errorf("%q is not valid UTF-8", text)
	}
	b = append(b, '"')
	for i := range len(text) {
		switch c := text[i]; c {
		case '\n':
			b = append(b, `\n`...)
		case '"', '\\':
			b = append(b, '\\', c)
		default:
			b = append(b, c)
		}
	}
	return append(b, '"'), nil
}

// isBare tells whether text may be written without quotes.
func isBare(text string) bool {
	for _, c := range text {
		if c <= ' ' || c >= 0x7f || strings.ContainsRune(special, c) {
			return false
		}
	}
	return text != ""
}
