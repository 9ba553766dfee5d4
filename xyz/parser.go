package xyz

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// special lists the characters that a string holds only in quotes, or after a
// backslash.
const special = "=\",{}[]\\"

// nextKey is what stands after the = of an empty string; in "energy= -1" it is a
// value that does, and in "smiles= CC(=O)C".
var nextKey = regexp.MustCompile(`^[^ \t=",{}\[\]\\()]+[ \t]*=`)

// problem is what is wrong with a line, and at which byte. The Reader adds file,
// frame and line.
type problem struct {
	at   int
	text string
}

func (p *problem) Error() string { return p.text }

func problemf(at int, format string, args ...any) error {
	return &problem{at, fmt.Sprintf(format, args...)}
}

// pair is one key=value of a comment line with the bytes at which they start.
type pair struct {
	key            string
	value          any
	keyAt, valueAt int
}

// parser walks once through a comment line.
type parser struct {
	s string
	i int
}

// parsePairs returns the keys of a comment line in order, a bare key with the
// value true.
func parsePairs(s string) ([]pair, error) {
	p := parser{s: s}
	var pairs []pair
	seen := make(map[string]bool)
	for p.blanks(); p.i < len(p.s); p.blanks() {
		next, err := p.pair()
		if err != nil {
			return nil, err
		}
		if seen[next.key] {
			return nil, problemf(next.keyAt, "key %q occurs twice", next.key)
		}
		seen[next.key] = true
		pairs = append(pairs, next)
	}
	return pairs, nil
}

func (p *parser) pair() (pair, error) {
	at := p.i
	key, err := p.element(true)
	if err != nil {
		return pair{}, err
	}
	if key.text == "" {
		return pair{}, problemf(at, "expected a key, found empty quotes")
	}
	end := p.i
	p.blanks()
	apart := p.i > end
	if !p.accept('=') {
		if !apart && p.i < len(p.s) {
			return pair{}, problemf(p.i, "expected = or a blank after key %q, found %s", key.text, p.found())
		}
		return pair{key.text, true, at, at}, nil
	}
	end = p.i
	p.blanks()
	if p.i == len(p.s) || !apart && p.i > end && nextKey.MatchString(p.s[p.i:]) {
		return pair{key.text, "", at, end}, nil // as ASE writes an empty string
	}
	valueAt := p.i
	if own := ownName(key.text); own != "" && own != keyProperties && !strings.ContainsRune(`"[{`, rune(p.s[p.i])) {
		return pair{}, problemf(valueAt, "expected the values of %s in double quotes, found %s", own, p.found())
	}
	value, err := p.value()
	if err != nil {
		return pair{}, err
	}
	if p.i < len(p.s) && !isBlank(p.s[p.i]) {
		return pair{}, problemf(p.i, "expected a blank after the value of %q, found %s", key.text, p.found())
	}
	return pair{key.text, value, at, valueAt}, nil
}

// value reads a scalar, a vector or a matrix.
func (p *parser) value() (any, error) {
	switch {
	case p.accept('{'):
		row, err := p.list('}', true)
		if err != nil {
			return nil, err
		}
		return oldStyle(row), nil
	case p.accept('['):
		return p.brackets()
	case p.i < len(p.s) && p.s[p.i] == '"':
		return p.quotedValue()
	}
	start := p.i
	if e, err := p.element(false); err == nil && (p.i == len(p.s) || isBlank(p.s[p.i])) {
		return assemble(0, []element{e}), nil
	}
	for p.i = start; p.i < len(p.s) && !isBlank(p.s[p.i]); p.i++ {
	}
	return p.s[start:p.i], nil // such as smiles=CC(=O)C, which ASE writes without quotes
}

// quotedValue reads "1 2 3" as an array and any other text in quotes as a string.
func (p *parser) quotedValue() (any, error) {
	start := p.i
	p.i++
	if row, err := p.list('"', true); err == nil && commonKind(row) != kindString {
		return oldStyle(row), nil
	}
	p.i = start
	e, err := p.element(true)
	// A backslash before the marker, which appendString writes, makes it text.
	if err == nil && strings.HasPrefix(p.s[start+1:], jsonMarker) {
		text := json.RawMessage(strings.TrimPrefix(e.text, jsonMarker))
		if !json.Valid(text) {
			return nil, problemf(start, "expected JSON after %q, found %q", strings.TrimSpace(jsonMarker), text)
		}
		return text, nil
	}
	return e.text, err
}

// oldStyle assembles an array in quotes or braces, which is a scalar if it has
// one element.
func oldStyle(row []element) any {
	if len(row) == 1 {
		return assemble(0, row)
	}
	return assemble(1, row)
}

// brackets reads [a, b] or [[a, b], [c, d]] after the first bracket.
func (p *parser) brackets() (any, error) {
	p.blanks()
	if p.i == len(p.s) || p.s[p.i] != '[' {
		row, err := p.list(']', false)
		if err != nil {
			return nil, err
		}
		return assemble(1, row), nil
	}
	var rows [][]element
	for {
		p.blanks()
		at := p.i
		if !p.accept('[') {
			return nil, problemf(at, "expected a row in brackets, found %s", p.found())
		}
		row, err := p.list(']', false)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
		if len(row) != len(rows[0]) {
			return nil, problemf(at, "expected a row of %d values, found %d", len(rows[0]), len(row))
		}
		p.blanks()
		if p.accept(']') {
			return assemble(2, rows...), nil
		}
		if !p.accept(',') {
			return nil, problemf(p.i, "expected , or ] after a row, found %s", p.found())
		}
	}
}

// list reads one or more elements up to the closing character. They are
// separated by commas or, in the old style, by blanks.
func (p *parser) list(closing byte, oldStyle bool) ([]element, error) {
	row := make([]element, 0, 9) // a lattice
	for {
		p.blanks()
		e, err := p.element(closing != '"')
		if err != nil {
			return nil, err
		}
		row = append(row, e)
		p.blanks()
		switch {
		case p.accept(closing):
			return row, nil
		case p.accept(','):
		case !oldStyle || p.i == len(p.s):
			return nil, problemf(p.i, "expected , or %c in the array, found %s", closing, p.found())
		}
	}
}

// element reads a bare string or, where quotes may stand, a quoted one.
func (p *parser) element(quotes bool) (element, error) {
	start := p.i
	if quotes && p.accept('"') {
		text, _, err := p.text(isQuote)
		if err == nil && !p.accept('"') {
			err = problemf(start, "the quotes opened here are not closed")
		}
		return element{text, kindString}, err
	}
	text, escaped, err := p.text(isSpecial)
	if err == nil && text == "" {
		err = problemf(start, "expected a string or number, found %s", p.found())
	}
	if escaped {
		return element{text, kindString}, err
	}
	return element{text, classify(text)}, err
}

func isQuote(c byte) bool { return c == '"' }

func isSpecial(c byte) bool { return isBlank(c) || strings.IndexByte(special, c) >= 0 }

// text reads up to the first byte that ends it. A backslash stands for the
// character after it, and \n for the end of a line.
func (p *parser) text(ends func(byte) bool) (text string, escaped bool, err error) {
	var b []byte
	start := p.i
	for ; p.i < len(p.s); p.i++ {
		c := p.s[p.i]
		if c != '\\' {
			if ends(c) {
				break
			}
			continue
		}
		escaped = true
		b = append(b, p.s[start:p.i]...)
		p.i++
		start = p.i
		switch {
		case p.i == len(p.s):
			return "", true, problemf(p.i-1, "expected a character after the backslash, found the end of the line")
		case !ends('\\') && p.s[p.i] == 'n':
			b = append(b, '\n')
			start++
		case ends('\\') && !ends(p.s[p.i]):
			return "", true, problemf(p.i-1, "a string with a backslash must stand in quotes")
		}
	}
	if !escaped {
		return p.s[start:p.i], false, nil
	}
	return string(append(b, p.s[start:p.i]...)), true, nil
}

func (p *parser) blanks() {
	for p.i < len(p.s) && isBlank(p.s[p.i]) {
		p.i++
	}
}

// accept steps over c if it is next.
func (p *parser) accept(c byte) bool {
	if p.i < len(p.s) && p.s[p.i] == c {
		p.i++
		return true
	}
	return false
}

// found names the next character in a message.
func (p *parser) found() string {
	if p.i >= len(p.s) {
		return "the end of the line"
	}
	r, _ := utf8.DecodeRuneInString(p.s[p.i:])
	return fmt.Sprintf("%q", r)
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }
