package settings

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// File is the path of a TOML file with settings. As an argument (or a flag) of a
// kong grammar it is read before the flags get their values.
type File string

// BeforeResolve implements the hook of kong.
func (File) BeforeResolve(ctx *kong.Context, trace *kong.Path) error {
	path := ctx.Value(trace).String()
	if path == "" {
		return nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return Use(ctx, path, data)
}

// Use gives the flags of ctx the values in data, the text of a TOML file that
// messages call name, where the command line has none. Call it before kong
// resolves, as from a BeforeResolve hook: File does. A program calls it itself
// for settings that it carries within.
func Use(ctx *kong.Context, name string, data []byte) error {
	t, err := parse(name, data)
	if err != nil {
		return err
	}
	flags := keyed(ctx)
	if err := t.refuseUnknown(flags); err != nil {
		return err
	}
	// All values are checked here, because kong would name the flag of one that
	// a resolver refuses, which is not where the mistake is.
	values := map[string]any{}
	for _, flag := range flags {
		if values[flag.Name], err = t.value(flag); err != nil {
			return err
		}
	}
	ctx.AddResolver(kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		return values[flag.Name], nil
	}))
	return nil
}

// keyed returns the flags that are keys of a file.
func keyed(ctx *kong.Context) []*kong.Flag {
	return slices.DeleteFunc(ctx.Flags(), func(f *kong.Flag) bool {
		return f == ctx.Model.HelpFlag || f.Tag.Get("toml") == "-"
	})
}

// key is the dotted key of a flag.
func key(flag *kong.Flag) string { return strings.ReplaceAll(flag.Name, "-", "_") }

func at(name string, line int, err error) error {
	return fmt.Errorf("%s, line %d: %w", name, line, err)
}
