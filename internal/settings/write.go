package settings

import (
	"bytes"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/alecthomas/kong"
)

// Write writes the present value of every setting as a TOML file that gives
// them back, each with its help, below a comment. Settings without a value (nil
// pointers) are written as comments.
func Write(w io.Writer, ctx *kong.Context, comment string) error {
	var out bytes.Buffer
	for line := range strings.Lines(strings.TrimSpace(comment)) {
		fmt.Fprintln(&out, "#", strings.TrimSpace(line))
	}
	flags := keyed(ctx)
	// What stands after a table belongs to it, so the keys of none come first.
	slices.SortStableFunc(flags, func(a, b *kong.Flag) int {
		x, _ := splitKey(a)
		y, _ := splitKey(b)
		return strings.Compare(x, y)
	})
	current := ""
	for _, flag := range flags {
		inTable, name := splitKey(flag)
		if inTable != current {
			fmt.Fprintf(&out, "\n[%s]\n", inTable)
			current = inTable
		}
		line, err := assignment(name, flag.Target)
		if err != nil {
			return fmt.Errorf("key %q: %w", key(flag), err)
		}
		fmt.Fprintf(&out, "%-34s # %s\n", line, flag.Help)
	}
	_, err := w.Write(out.Bytes())
	return err
}

// splitKey splits a dotted key into its table and its name there.
func splitKey(flag *kong.Flag) (inTable, name string) {
	k := key(flag)
	dot := strings.LastIndexByte(k, '.')
	return k[:max(dot, 0)], k[dot+1:]
}

func assignment(name string, value reflect.Value) (string, error) {
	if value.Kind() == reflect.Pointer && value.IsNil() {
		return "# " + name + " =", nil
	}
	if value.Kind() == reflect.Slice && value.IsNil() {
		return name + " = []", nil
	}
	line, err := toml.Marshal(map[string]any{name: value.Interface()})
	return strings.TrimSpace(string(line)), err
}
