package xyz

import (
	"encoding/json"
	"fmt"
	"strings"
)

// typeOf returns the word for the primitive type of a value and its shape, nil
// for a scalar.
func typeOf(v any) (word string, shape []int) {
	switch v := v.(type) {
	case int:
		return kindInt.name(), nil
	case float64:
		return kindReal.name(), nil
	case bool:
		return kindBool.name(), nil
	case string:
		return kindString.name(), nil
	case []int:
		return kindInt.name(), []int{len(v)}
	case []float64:
		return kindReal.name(), []int{len(v)}
	case []bool:
		return kindBool.name(), []int{len(v)}
	case []string:
		return kindString.name(), []int{len(v)}
	case [][]int:
		return kindInt.name(), matrixShape(v)
	case [][]float64:
		return kindReal.name(), matrixShape(v)
	case [][]bool:
		return kindBool.name(), matrixShape(v)
	case [][]string:
		return kindString.name(), matrixShape(v)
	case json.RawMessage:
		return "json", nil
	}
	return fmt.Sprintf("%T", v), nil
}

func matrixShape[T any](rows [][]T) []int {
	if len(rows) == 0 {
		return []int{0, 0}
	}
	return []int{len(rows), len(rows[0])}
}

// columnType returns the type of a column and the number of values per atom.
func columnType(c Column) (word string, width int) {
	width = max(c.Width, 1)
	switch c.Data.(type) {
	case [][3]float64:
		return kindReal.name(), 3
	case []float64:
		return kindReal.name(), width
	case []int:
		return kindInt.name(), width
	case []bool:
		return kindBool.name(), width
	case []string:
		return kindString.name(), width
	}
	return fmt.Sprintf("%T", c.Data), width
}

// typeName joins type and shape: "real", "real[9]", "int[2,3]".
func typeName(word string, shape []int) string {
	if len(shape) == 0 {
		return word
	}
	return word + strings.ReplaceAll(fmt.Sprint(shape), " ", ",")
}

// describe returns type and value of v for a message: `string "abc"`.
func describe(v any) string {
	text, err := appendValue(nil, v)
	if err != nil {
		return fmt.Sprintf("%T", v)
	}
	if s, ok := v.(string); ok {
		text = fmt.Appendf(nil, "%q", s)
	}
	return fmt.Sprintf("%s %.60s", typeName(typeOf(v)), text)
}

// flatNumbers returns the numbers of a vector or of a matrix, row after row, also of
// one in JSON, as ASE writes a matrix. ok is false for other values.
func flatNumbers(v any) (numbers []float64, ok bool) {
	switch v := v.(type) {
	case []float64:
		return v, true
	case []int:
		for _, n := range v {
			numbers = append(numbers, float64(n))
		}
		return numbers, true
	case [][]float64:
		for _, row := range v {
			numbers = append(numbers, row...)
		}
		return numbers, true
	case [][]int:
		for _, row := range v {
			part, _ := flatNumbers(row)
			numbers = append(numbers, part...)
		}
		return numbers, true
	case json.RawMessage:
		var decoded any
		if json.Unmarshal(v, &decoded) == nil {
			return jsonNumbers(decoded)
		}
	}
	return nil, false
}

// jsonNumbers returns a number of JSON, or those of an array of them.
func jsonNumbers(v any) (numbers []float64, ok bool) {
	switch v := v.(type) {
	case float64:
		return []float64{v}, true
	case []any:
		for _, element := range v {
			part, ok := jsonNumbers(element)
			if !ok {
				return nil, false
			}
			numbers = append(numbers, part...)
		}
		return numbers, true
	}
	return nil, false
}
