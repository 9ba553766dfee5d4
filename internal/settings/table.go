package settings

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/alecthomas/kong"
)

// table is a TOML file taken apart: the values of its dotted keys, not yet
// decoded.
type table struct {
	name   string
	meta   toml.MetaData
	order  []string
	values map[string]toml.Primitive
}

func parse(name string, data []byte) (*table, error) {
	t := &table{name: name, values: map[string]toml.Primitive{}}
	var root map[string]toml.Primitive
	var err error
	if t.meta, err = toml.Decode(string(data), &root); err != nil {
		if e, ok := errors.AsType[toml.ParseError](err); ok {
			return nil, at(name, e.Position.Line, errors.New(e.Message))
		}
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := t.collect(root, nil); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	for _, k := range t.meta.Keys() {
		if _, ok := t.values[k.String()]; ok {
			t.order = append(t.order, k.String())
		}
	}
	return t, nil
}

// collect stores what stands below a path of tables.
func (t *table) collect(m map[string]toml.Primitive, path toml.Key) error {
	for name, value := range m {
		k := append(path[:len(path):len(path)], name)
		if t.meta.Type(k...) != "Hash" {
			t.values[k.String()] = value
			continue
		}
		var below map[string]toml.Primitive
		if err := t.meta.PrimitiveDecode(value, &below); err != nil {
			return err
		}
		if err := t.collect(below, k); err != nil {
			return err
		}
	}
	return nil
}

// refuseUnknown reports every key that belongs to none of the flags.
func (t *table) refuseUnknown(flags []*kong.Flag) error {
	var known []string
	for _, flag := range flags {
		known = append(known, key(flag))
	}
	var all []error
	for _, key := range t.order {
		if slices.Contains(known, key) {
			continue
		}
		message := fmt.Sprintf("unknown key %q", key)
		if s := suggestion(key, known); s != "" {
			message += fmt.Sprintf(", did you mean %q?", s)
		}
		all = append(all, at(t.name, t.line(key), errors.New(message)))
	}
	return errors.Join(all...)
}

// value returns what the file has for a flag, nil if nothing, in a form that
// kong can set. TOML has types, so "0.5" in quotes is no number here, although
// kong would take it for one.
func (t *table) value(flag *kong.Flag) (any, error) {
	primitive, ok := t.values[key(flag)]
	if !ok {
		return nil, nil
	}
	fail := func(err error) (any, error) {
		return nil, at(t.name, t.line(key(flag)), fmt.Errorf("key %q: %w", key(flag), err))
	}
	typed := reflect.New(flag.Target.Type())
	var raw any
	if err := t.meta.PrimitiveDecode(primitive, &raw); err != nil {
		return fail(err)
	}
	err := t.meta.PrimitiveDecode(primitive, typed.Interface())
	n, whole := raw.(int64)
	_, duration := typed.Interface().(*time.Duration) // the decoder takes an integer for nanoseconds
	if err != nil || whole && (duration || n < 0 && typed.Elem().CanUint()) {
		return fail(fmt.Errorf("found %s %v, want %s", strings.ToLower(t.meta.Type(strings.Split(key(flag), ".")...)), raw, want(flag)))
	}
	if flag.Enum != "" && !flag.EnumMap()[fmt.Sprint(raw)] {
		return fail(fmt.Errorf("found %q, want %s", raw, want(flag)))
	}
	if _, ok := typed.Interface().(encoding.TextUnmarshaler); ok {
		raw = fmt.Sprint(raw)
	}
	return raw, nil
}

// want says in words what a flag takes.
func want(flag *kong.Flag) string {
	if flag.Enum != "" {
		return "one of " + strings.Join(flag.EnumSlice(), ", ")
	}
	kind := flag.Target.Type()
	if kind.Kind() == reflect.Pointer {
		kind = kind.Elem()
	}
	switch {
	case kind.String() == "time.Duration":
		return `a duration such as "1h30m"`
	case kind.Kind() == reflect.Slice:
		return "an array of " + noun(kind.Elem().Kind()) + "s"
	}
	name := noun(kind.Kind())
	if strings.ContainsRune("aeiou", rune(name[0])) {
		return "an " + name
	}
	return "a " + name
}

func noun(k reflect.Kind) string {
	switch k {
	case reflect.Int, reflect.Int64, reflect.Int32:
		return "integer"
	case reflect.Uint, reflect.Uint64, reflect.Uint32:
		return "natural number"
	case reflect.Float64, reflect.Float32:
		return "number"
	case reflect.Bool:
		return "boolean"
	}
	return k.String()
}

// line returns the line of a key. The decoder keeps it to itself but tells it
// in the error of a value that refuses to be decoded.
func (t *table) line(key string) int {
	err := t.meta.PrimitiveDecode(t.values[key], refuser{})
	e, _ := errors.AsType[toml.ParseError](err)
	return e.Position.Line
}

type refuser struct{}

func (refuser) UnmarshalTOML(any) error { return errors.New("refused") }
