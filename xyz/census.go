package xyz

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

// Census counts what a sequence of frames holds. The zero value is ready for Add;
// it marshals to JSON.
type Census struct {
	Frames      int            `json:"frames"`
	Atoms       int            `json:"atoms"`
	Elements    map[string]int `json:"elements"`     // atoms of each symbol
	ConfigTypes map[string]int `json:"config_types"` // frames of each config_type
	Keys        []Field        `json:"keys"`         // in order of appearance
	Columns     []Field        `json:"columns"`      // in order of appearance
	Labels      []LabelCount   `json:"labels"`       // what Choose chose
	Unused      []Field        `json:"unused"`       // what could be a label and was not chosen

	keyed bool // a comment that was kept whole has a = in it
}

// Field is a key or column of one type and shape. A key of several types or
// shapes has one Field for each.
type Field struct {
	Name   string `json:"name"`
	Type   string `json:"type"`            // int, real, logical, string or json
	Shape  []int  `json:"shape,omitempty"` // none for a scalar, values per atom for a column
	Frames int    `json:"frames"`
}

// LabelCount is one label, the key chosen for it ("" if there is none), and the
// number of frames that carry the key.
type LabelCount struct {
	Label  string `json:"label"`
	Key    string `json:"key"`
	Frames int    `json:"frames"`
}

// Add counts a frame.
func (c *Census) Add(f *Frame) {
	c.Frames++
	c.Atoms += len(f.Species)
	if c.Elements == nil {
		c.Elements = make(map[string]int)
		c.ConfigTypes = make(map[string]int)
	}
	for _, z := range f.Species {
		c.Elements[Symbol(z)]++
	}
	for _, e := range f.Info {
		word, shape := typeOf(e.Value)
		c.Keys = count(c.Keys, Field{Name: e.Key, Type: word, Shape: shape})
		if e.Key == "config_type" {
			c.ConfigTypes[f.ConfigType()]++
		}
		if text, ok := e.Value.(string); ok && e.Key == keyComment && strings.Contains(text, "=") {
			c.keyed = true
		}
	}
	for _, column := range f.Columns {
		if column.Data != nil {
			word, width := columnType(column)
			c.Columns = count(c.Columns, Field{Name: column.Name, Type: word, Shape: []int{width}})
		}
	}
}

// count adds one frame to the field, or the field to the list.
func count(fields []Field, field Field) []Field {
	for i, f := range fields {
		if f.Name == field.Name && f.Type == field.Type && slices.Equal(f.Shape, field.Shape) {
			fields[i].Frames++
			return fields
		}
	}
	field.Frames = 1
	return append(fields, field)
}

func (c *Census) fields(columns bool) []Field {
	if columns {
		return c.Columns
	}
	return c.Keys
}

// frames returns the number of frames with a key or column of any type.
func (c *Census) frames(column bool, name string) int {
	n := 0
	for _, f := range c.fields(column) {
		if f.Name == name {
			n += f.Frames
		}
	}
	return n
}

// names returns the names of all keys or columns, or "none".
func (c *Census) names(columns bool) []string {
	var names []string
	for _, f := range c.fields(columns) {
		if !slices.Contains(names, f.Name) {
			names = append(names, f.Name)
		}
	}
	if names == nil {
		return []string{"none"}
	}
	return names
}

// String returns the census as a table.
func (c *Census) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s\n", quantity(c.Frames, "frame"), quantity(c.Atoms, "atom"))
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	row := func(group, name, detail string, n int, unit string) {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", group, name, detail, quantity(n, unit))
	}
	elements := slices.SortedFunc(maps.Keys(c.Elements), func(a, b string) int {
		return cmp.Compare(AtomicNumber(a), AtomicNumber(b))
	})
	for _, symbol := range elements {
		row("element", symbol, "", c.Elements[symbol], "atom")
	}
	for _, name := range slices.Sorted(maps.Keys(c.ConfigTypes)) {
		row("config_type", name, "", c.ConfigTypes[name], "frame")
	}
	for _, l := range c.Labels {
		row("label", l.Label, cmp.Or(l.Key, "-"), l.Frames, "frame")
	}
	for _, f := range c.Unused {
		row("unused", f.Name, typeName(f.Type, f.Shape), f.Frames, "frame")
	}
	for _, f := range c.Keys {
		row("key", f.Name, typeName(f.Type, f.Shape), f.Frames, "frame")
	}
	for _, f := range c.Columns {
		row("column", f.Name, typeName(f.Type, f.Shape), f.Frames, "frame")
	}
	w.Flush()
	return b.String()
}

// quantity returns "1 frame" or "2 frames".
func quantity(n int, unit string) string {
	if n != 1 {
		unit += "s"
	}
	return fmt.Sprintf("%d %s", n, unit)
}
