package xyz

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The keys that describe the frame itself. They become fields of Frame and are
// never in Info.
const (
	keyLattice    = "Lattice"
	keyProperties = "Properties"
	keyPBC        = "pbc"
)

// keyComment is the key of a comment line that is kept whole.
const keyComment = "comment"

// The columns that become fields of Frame.
const (
	columnSpecies = "species"
	columnZ       = "Z"
	columnPos     = "pos"
)

// header is the content of a comment line.
type header struct {
	lattice [3][3]float64
	pbc     [3]bool
	info    []Entry
	fields  []field
}

// field is one name:T:m of Properties.
type field struct {
	name  string
	kind  kind
	width int
}

var (
	// frameFields holds the only form of the columns that become fields of Frame.
	frameFields = map[string]field{
		columnSpecies: {columnSpecies, kindString, 1},
		columnZ:       {columnZ, kindInt, 1},
		columnPos:     {columnPos, kindReal, 3},
	}
	plainFields = []field{frameFields[columnSpecies], frameFields[columnPos]}

	ownKey = regexp.MustCompile(`(?i)(^|[ \t])"?(lattice|properties|pbc)"?[ \t]*=`)
)

// parseHeader reads a comment line, or keeps it as it is if the file is plain XYZ.
func parseHeader(s string) (header, error) {
	if !utf8.ValidString(s) {
		return header{}, problemf(invalidUTF8(s), "the comment line is not valid UTF-8")
	}
	h := header{fields: plainFields}
	// The search comes first and is cheap; frames may have as few as one atom.
	if !strings.Contains(s, keyProperties+"=") && !ownKey.MatchString(s) {
		if strings.Trim(s, " \t") != "" {
			h.info = []Entry{{keyComment, s}}
		}
		return h, nil
	}
	pairs, err := parsePairs(s)
	if err != nil {
		return h, err
	}
	return h, h.fill(pairs)
}

// fill sorts the pairs into lattice, periodicity, columns and the rest.
func (h *header) fill(pairs []pair) error {
	at := make(map[string]int, 3)
	hasPBC := false
	for _, p := range pairs {
		own := ownName(p.key)
		if own == "" {
			h.info = append(h.info, Entry{p.key, p.value})
			continue
		}
		if _, twice := at[own]; twice { // Lattice and lattice
			return problemf(p.keyAt, "key %q occurs twice", own)
		}
		at[own] = p.valueAt
		var err error
		switch own {
		case keyLattice:
			h.lattice, err = parseLattice(p.value)
		case keyPBC:
			hasPBC = true
			h.pbc, err = parsePBC(p.value)
		case keyProperties:
			h.fields, err = parseProperties(p.value)
		}
		if err != nil {
			return &problem{p.valueAt, err.Error()}
		}
	}
	if !hasPBC && h.lattice != [3][3]float64{} {
		h.pbc = [3]bool{true, true, true}
	}
	if err := checkCell(h.lattice, h.pbc); err != nil {
		where, hasLattice := at[keyLattice]
		if !hasLattice {
			where = at[keyPBC]
		}
		return &problem{where, err.Error()}
	}
	return nil
}

// ownName returns Lattice, Properties or pbc for any spelling of them, and ""
// for other keys. Some programs write all keys in lower case; a lattice that was
// taken for one more key would silently turn a crystal into a cluster.
func ownName(key string) string {
	for _, own := range []string{keyLattice, keyProperties, keyPBC} {
		if strings.EqualFold(key, own) {
			return own
		}
	}
	return ""
}

func parseLattice(value any) (lattice [3][3]float64, err error) {
	numbers, ok := flatNumbers(value)
	if !ok || len(numbers) != 9 {
		return lattice, fmt.Errorf("expected the 9 numbers of Lattice, found %s", describe(value))
	}
	for i, x := range numbers {
		lattice[i/3][i%3] = x
	}
	return lattice, nil
}

func parsePBC(value any) (pbc [3]bool, err error) {
	switch v := value.(type) {
	case []bool:
		if len(v) == 3 {
			return [3]bool(v), nil
		}
	case []int: // "1 1 0"
		if len(v) == 3 && min(v[0], v[1], v[2]) >= 0 && max(v[0], v[1], v[2]) <= 1 {
			return [3]bool{v[0] == 1, v[1] == 1, v[2] == 1}, nil
		}
	}
	return pbc, fmt.Errorf("expected the 3 logicals of pbc, found %s", describe(value))
}

func parseProperties(value any) ([]field, error) {
	text, ok := value.(string)
	parts := strings.Split(text, ":")
	if !ok || len(parts)%3 != 0 {
		return nil, fmt.Errorf("expected Properties=name:T:m:..., found %s", describe(value))
	}
	var fields []field
	for ; len(parts) > 0; parts = parts[3:] {
		f := field{name: parts[0]}
		triplet := strings.Join(parts[:3], ":")
		if !isColumnName(f.name) {
			return nil, fmt.Errorf("expected the name of a column in Properties, found %q", triplet)
		}
		if len(parts[1]) != 1 || !strings.Contains("SIRL", parts[1]) {
			return nil, fmt.Errorf("expected type S, I, R or L of a column in Properties, found %q", triplet)
		}
		f.kind = kind(parts[1][0])
		width, err := strconv.Atoi(parts[2])
		if err != nil || width < 1 || width > maxLine {
			return nil, fmt.Errorf("expected 1 to %d columns in Properties, found %q", maxLine, triplet)
		}
		f.width = width
		fields = append(fields, f)
	}
	return fields, checkFields(fields)
}

// checkFields reports missing, repeated and misshapen columns.
func checkFields(fields []field) error {
	seen := make(map[string]bool, len(fields))
	for _, f := range fields {
		if seen[f.name] {
			return fmt.Errorf("column %q occurs twice in Properties", f.name)
		}
		seen[f.name] = true
		if want, ok := frameFields[f.name]; ok && f != want {
			return fmt.Errorf("expected %s in Properties, found %s", want, f)
		}
	}
	if !seen[columnPos] {
		return fmt.Errorf("expected a column %s in Properties, found none", frameFields[columnPos])
	}
	if !seen[columnSpecies] && !seen[columnZ] {
		return fmt.Errorf("expected a column %s or %s in Properties, found none", frameFields[columnSpecies], frameFields[columnZ])
	}
	return nil
}

func (f field) String() string { return fmt.Sprintf("%s:%c:%d", f.name, f.kind, f.width) }

// isColumnName tells whether a name can stand in Properties, which is bare.
func isColumnName(name string) bool {
	return isBare(name) && !strings.Contains(name, ":")
}

func invalidUTF8(s string) int {
	for i, r := range s {
		if _, size := utf8.DecodeRuneInString(s[i:]); r == utf8.RuneError && size == 1 {
			return i
		}
	}
	return len(s)
}
