package xyz

import (
	"fmt"
	"math"
)

// Frame is one structure. Species, Pos and Lattice are what a calculation needs;
// Info and Columns hold everything else a file says about it.
type Frame struct {
	Species []int         // atomic numbers
	Pos     [][3]float64  // Å
	Lattice [3][3]float64 // rows a, b, c in Å; zero if there is none
	PBC     [3]bool       // periodic along a, b, c
	Info    []Entry       // keys other than Lattice, Properties and pbc, in file order
	Columns []Column      // columns other than species and pos, in file order
	Origin  Origin        // where the frame was read
}

// Entry is one key=value pair of the comment line. Value has one of the types
//
//	int, float64, bool, string           a scalar
//	[]int, []float64, []bool, []string   a vector
//	[][]int, [][]float64, …              a matrix, by rows
//	json.RawMessage                      what follows _JSON in "_JSON {...}"
type Entry struct {
	Key   string
	Value any
}

// Column is one per-atom property. Data is []string, []int, []float64 or []bool
// (types S, I, R, L of the format), flat as [atom][Width], and [][3]float64
// where R has Width 3.
//
// Species and Pos are the first columns of a line unless Columns says otherwise:
// a Column named species, Z or pos and without Data marks their place. Z writes
// atomic numbers in place of symbols, or beside them.
type Column struct {
	Name  string
	Width int // values per atom; 0 means 1, or 3 for [][3]float64
	Data  any
}

// Origin is the place of a frame in a file. It is zero for a frame made in memory.
type Origin struct {
	File  string // the name given to the Reader
	Frame int    // counted from 1
	Line  int    // of the number of atoms, counted from 1
}

// String returns the origin as the start of an error message: "water.xyz: frame 3".
func (o Origin) String() string {
	switch {
	case o == Origin{}:
		return "frame in memory"
	case o.File == "":
		return fmt.Sprintf("frame %d", o.Frame)
	}
	return fmt.Sprintf("%s: frame %d", o.File, o.Frame)
}

// Value returns the value of a key of Info, or nil if the frame lacks it:
//
//	energy, ok := frame.Value("energy").(float64)
func (f *Frame) Value(key string) any {
	for _, e := range f.Info {
		if e.Key == key {
			return e.Value
		}
	}
	return nil
}

// ConfigType returns what the frame says about its kind under config_type, a
// number or a logical as text, and "" if it says nothing.
func (f *Frame) ConfigType() string {
	v := f.Value("config_type")
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

// NoConfigType is what frames without a config_type are called in tables, where
// others have one.
const NoConfigType = "(none)"

// Set gives a key of Info a value, in its place if the frame has the key and at
// the end if not.
func (f *Frame) Set(key string, value any) {
	for i := range f.Info {
		if f.Info[i].Key == key {
			f.Info[i].Value = value
			return
		}
	}
	f.Info = append(f.Info, Entry{key, value})
}

// Column returns the data of a column, or nil if Columns lacks it:
//
//	velocities, ok := frame.Column("vel").([][3]float64)
func (f *Frame) Column(name string) any {
	for _, c := range f.Columns {
		if c.Name == name {
			return c.Data
		}
	}
	return nil
}

// SetColumn replaces the column of the same name, or adds it at the end.
func (f *Frame) SetColumn(column Column) {
	for i := range f.Columns {
		if f.Columns[i].Name == column.Name {
			f.Columns[i] = column
			return
		}
	}
	f.Columns = append(f.Columns, column)
}

// Volume returns |a·(b×c)| in Å³, which is zero without a lattice.
func (f *Frame) Volume() float64 {
	a, b, c := f.Lattice[0], f.Lattice[1], f.Lattice[2]
	return math.Abs(a[0]*(b[1]*c[2]-b[2]*c[1]) +
		a[1]*(b[2]*c[0]-b[0]*c[2]) +
		a[2]*(b[0]*c[1]-b[1]*c[0]))
}

// checkCell reports a lattice or periodicity that describes no crystal.
func checkCell(lattice [3][3]float64, pbc [3]bool) error {
	for k, name := range []string{"a", "b", "c"} {
		for _, x := range lattice[k] {
			if !finite(x) {
				return fmt.Errorf("lattice vector %s is %v, expected finite numbers", name, lattice[k])
			}
		}
		if pbc[k] && lattice[k] == [3]float64{} {
			return fmt.Errorf("periodic along %s, but that lattice vector is zero", name)
		}
	}
	return nil
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
