package potential

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

var updateHeader = flag.Bool("update-header", false, "write the header's fields of a new format version")

// TestHeaderFieldsAreThoseOfTheVersion: a field of the model file's header that
// is added, removed, or given another type or meaning needs a new format version. The
// meaning is what the field's comment says. A comment that only says the same in
// better words may be changed in testdata/header by hand.
func TestHeaderFieldsAreThoseOfTheVersion(t *testing.T) {
	comments := fieldComments(t)
	var got strings.Builder
	listFields(&got, comments, reflect.TypeFor[header](), "")
	path := filepath.Join("testdata", "header", fmt.Sprintf("version%d.txt", imageVersion))
	want, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) && *updateHeader {
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got.String()), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	if err != nil {
		t.Fatalf("%v: go test ./potential -run Header -update-header", err)
	}
	known := map[string]bool{}
	for line := range strings.Lines(string(want)) {
		known[line] = true
	}
	for line := range strings.Lines(got.String()) {
		if !known[line] {
			t.Errorf("new or changed: %s", line)
		}
		delete(known, line)
	}
	for line := range known {
		t.Errorf("gone or changed: %s", line)
	}
	if t.Failed() {
		t.Log("a file of before would be read in another sense, and one of now by programs of before: raise imageVersion, and say in Decode what earlier versions mean")
	}
}

// listFields writes a line for each field of a struct and of those in it.
func listFields(out *strings.Builder, comments map[string]string, s reflect.Type, path string) {
	for k := range s.NumField() {
		f := s.Field(k)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		inner := f.Type
		for inner.Kind() == reflect.Slice || inner.Kind() == reflect.Map || inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		kind := strings.ReplaceAll(f.Type.String(), "potential.", "")
		meaning := strings.TrimSpace(comments[s.Name()+"."+f.Name] + " " + comments[inner.Name()])
		fmt.Fprintf(out, "%s %s [%s]: %s\n", path+name, kind, options, meaning)
		if inner.Kind() == reflect.Struct {
			listFields(out, comments, inner, path+name+".")
		}
	}
}

// fieldComments returns the comments of all structs in the package and of their
// fields, by Type and Type.Field.
func fieldComments(t *testing.T) map[string]string {
	comments := map[string]string{}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			group, ok := d.(*ast.GenDecl)
			if !ok || group.Tok != token.TYPE {
				continue
			}
			for _, spec := range group.Specs {
				declared := spec.(*ast.TypeSpec)
				s, ok := declared.Type.(*ast.StructType)
				if !ok {
					continue
				}
				comments[declared.Name.Name] = words(group.Doc.Text(), declared.Doc.Text())
				for _, f := range s.Fields.List {
					for _, field := range f.Names {
						comments[declared.Name.Name+"."+field.Name] = words(f.Doc.Text(), f.Comment.Text())
					}
				}
			}
		}
	}
	return comments
}

// words puts texts on one line.
func words(texts ...string) string {
	return strings.Join(strings.Fields(strings.Join(texts, " ")), " ")
}

// altered returns a model file of another format version with something in its
// header replaced.
func altered(t *testing.T, m *Model, version uint32, old, with string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := m.Encode(&b, nil); err != nil {
		t.Fatal(err)
	}
	data := b.Bytes()
	if !bytes.Contains(data, []byte(old)) || len(with) > len(old) {
		t.Fatalf("no %s in the header", old)
	}
	// JSON has room for spaces.
	data = bytes.Replace(data, []byte(old), fmt.Appendf(nil, "%-*s", len(old), with), 1)
	binary.LittleEndian.PutUint32(data[8:], version)
	clear(data[80:112])
	sum := sha256.Sum256(data)
	copy(data[80:], sum[:])
	return data
}

// TestVersionsAreReadInTheirOwnSense: a file older than norm_epsilon has 1e-5, one
// older than activation the GELU, one that has them keeps its own, a later version is
// refused.
func TestVersionsAreReadInTheirOwnSense(t *testing.T) {
	m := testModel(Config{Cutoff: 4, Channels: 2, Hidden: 2, Layers: 1, NormEpsilon: 0.25}.WithDefaults())
	const field = `"norm_epsilon":0.25,`
	for _, test := range []struct {
		version uint32
		with    string
		want    float64
	}{{1, "", 1e-5}, {1, field, 0.25}, {2, field, 0.25}} {
		read, err := Decode(altered(t, m, test.version, field, test.with))
		if err != nil {
			t.Errorf("version %d: %v", test.version, err)
		} else if got := read.Config.NormEpsilon; got != test.want {
			t.Errorf("version %d with %q: ε is %g, want %g", test.version, test.with, got, test.want)
		}
	}
	const activation = `"activation":"gelu",`
	for _, version := range []uint32{1, 2} {
		if read, err := Decode(altered(t, m, version, activation, "")); err != nil || read.Config.Activation != GELU {
			t.Errorf("version %d without an activation: %v", version, err)
		}
	}
	for name, data := range map[string][]byte{
		"3 without activation": altered(t, m, 3, activation, ""),
		"version 0":            altered(t, m, 0, field, field),
		"a later version":      altered(t, m, imageVersion+1, field, field),
		"an unknown field":     altered(t, m, imageVersion, field, `"norm":0.25,`),
		"2 without epsilon":    altered(t, m, 2, field, ""),
	} {
		if _, err := Decode(data); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: error %v, want one that wraps ErrFormat", name, err)
		}
	}
}
