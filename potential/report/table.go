package report

import (
	"fmt"
	"math"
	"regexp"
)

// table is a table of the page. Numbers of a column have the same decimals and
// stand below each other.
type table struct {
	Groups []heading // above the columns; nil if there are none
	Heads  []string
	Units  []string
	Rows   [][]field
}

// heading spans several columns.
type heading struct {
	Text string
	Span int
}

// field is a text at the left or a number at the right.
type field struct {
	Text   string
	Number bool
}

// column is a column of numbers, nil for none.
type column struct {
	group, head, unit string
	values            []*float64
	digits            int // significant ones of the largest; 0 means 3
}

// newTable makes a table of a column of names and columns of numbers, of which
// those without any are left out.
func newTable(head string, names []string, columns ...column) table {
	t := table{Heads: []string{head}, Units: []string{""}, Groups: []heading{{"", 1}}}
	for _, name := range names {
		t.Rows = append(t.Rows, []field{{Text: name}})
	}
	grouped := false
	for _, c := range columns {
		texts := c.texts()
		if texts == nil {
			continue
		}
		t.Heads, t.Units = append(t.Heads, c.head), append(t.Units, c.unit)
		if last := &t.Groups[len(t.Groups)-1]; last.Text == c.group && len(t.Heads) > 2 {
			last.Span++
		} else {
			t.Groups = append(t.Groups, heading{c.group, 1})
		}
		grouped = grouped || c.group != ""
		for k, text := range texts {
			t.Rows[k] = append(t.Rows[k], field{text, true})
		}
	}
	if !grouped {
		t.Groups = nil
	}
	return t
}

// texts writes the numbers of a column, nil if there is none.
func (c column) texts() (out []string) {
	most, some, whole := 0., false, true
	for _, v := range c.values {
		if v != nil && !math.IsInf(*v, 0) && !math.IsNaN(*v) {
			most, some = max(most, math.Abs(*v)), true
			whole = whole && *v == math.Trunc(*v)
		}
	}
	if !some {
		return nil
	}
	digits := c.digits
	if digits == 0 {
		digits = 3
	}
	decimals := 0
	if most > 0 && !whole {
		decimals = min(max(0, digits-1-int(math.Floor(math.Log10(most)+1e-9))), 6)
	}
	for _, v := range c.values {
		switch {
		case v == nil:
			out = append(out, "–")
		case most > 0 && most < 1e-4 || most >= 1e7:
			out = append(out, minus(fmt.Sprintf("%.1e", *v)))
		default:
			out = append(out, minus(fmt.Sprintf("%.*f", decimals, *v)))
		}
	}
	return out
}

// negative is a sign before a number, and no hyphen.
var negative = regexp.MustCompile(`(^|[\s(±]|\de)-(\d)`)

// minus writes the signs of numbers in a text as a typesetter does.
func minus(s string) string { return negative.ReplaceAllString(s, "$1−$2") }

// numbers makes a column of values that are all there.
func numbers[T any](rows []T, of func(T) float64) (out []*float64) {
	for _, r := range rows {
		v := of(r)
		out = append(out, &v)
	}
	return out
}

// optional makes a column of values that may lack.
func optional[T any](rows []T, of func(T) *float64) (out []*float64) {
	for _, r := range rows {
		out = append(out, of(r))
	}
	return out
}

func textOf[T any](rows []T, of func(T) string) (out []string) {
	for _, r := range rows {
		out = append(out, of(r))
	}
	return out
}
