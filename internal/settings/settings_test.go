package settings_test

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"ponita/internal/settings"
)

// text is a type with a text form of its own, which TOML may give as a boolean.
type text string

func (t *text) UnmarshalText(b []byte) error { *t = text(b); return nil }

type table struct {
	Timestep   float64       `default:"0.5" help:"Time step, fs."`
	Ensemble   string        `default:"nve" enum:"nve,langevin" help:"Ensemble."`
	Seed       uint64        `default:"1" help:"Seed."`
	Repeat     []int         `default:"1,1,1" help:"Copies."`
	MaxTime    time.Duration `default:"0" help:"Wall time."`
	FinalSpeed *float64      `help:"May be absent."`
	Restart    text          `help:"Boolean or path."`
	Plot       bool          `default:"true" negatable:"" help:"Picture."`
	Model      struct {
		Channels int    `default:"32" help:"Channels."`
		Kernel   string `default:"legendre" help:"Family."`
	} `embed:"" prefix:"model."`
}

type grammar struct {
	File  settings.File `arg:"" optional:""`
	JSON  bool          `toml:"-" help:"Not a key."`
	Table table         `embed:""`
}

// parse runs the command line args, "run.toml" in it standing for a file with
// the given content.
func parse(t *testing.T, content string, args ...string) (*grammar, *kong.Context, error) {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := os.WriteFile("run.toml", []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
	g := new(grammar)
	parser, err := kong.New(g)
	if err != nil {
		t.Fatal(err)
	}
	ctx, err := parser.Parse(args)
	return g, ctx, err
}

func TestFlagWinsOverFileOverDefault(t *testing.T) {
	g, _, err := parse(t, `
timestep = 2          # an integer is a number too
repeat = [2, 3, 4]
max_time = "1h30m"
final_speed = 0.0
restart = true
plot = false
seed = 7

[model]
channels = 16
`, "run.toml", "--seed=9")
	if err != nil {
		t.Fatal(err)
	}
	zero := 0.0
	want := table{
		Timestep: 2, Ensemble: "nve", Seed: 9, Repeat: []int{2, 3, 4}, MaxTime: 90 * time.Minute,
		FinalSpeed: &zero, Restart: "true",
	}
	want.Model.Channels, want.Model.Kernel = 16, "legendre"
	if !reflect.DeepEqual(g.Table, want) {
		t.Errorf("got  %+v\nwant %+v", g.Table, want)
	}
}

func TestWrittenSettingsReadBackEqual(t *testing.T) {
	for _, args := range [][]string{
		{},
		{"--timestep=0.1", "--repeat=1,2,3", "--max-time=90s", "--final-speed=1e-7", "--no-plot",
			`--restart=a "b" c`, "--model.channels=8", "--ensemble=langevin", "--seed=9223372036854775807"},
	} {
		first, ctx, err := parse(t, "", args...)
		if err != nil {
			t.Fatal(err)
		}
		var file bytes.Buffer
		if err := settings.Write(&file, ctx, "Effective settings\nof a test"); err != nil {
			t.Fatal(err)
		}
		second, _, err := parse(t, file.String(), "run.toml")
		if err != nil {
			t.Fatalf("%v in\n%s", err, &file)
		}
		if !reflect.DeepEqual(first.Table, second.Table) {
			t.Errorf("wrote %+v\nread  %+v\nfrom\n%s", first.Table, second.Table, &file)
		}
	}
}

func TestMistakesAreNamedWithFileLineAndKey(t *testing.T) {
	for _, c := range []struct{ content, want string }{
		{"seed = 1\ntimstep = 2\n", `run.toml, line 2: unknown key "timstep", did you mean "timestep"?`},
		{"[model]\nchanels = 2\n", `run.toml, line 2: unknown key "model.chanels", did you mean "model.channels"?`},
		{"\n\nwater = 3", `run.toml, line 3: unknown key "water"`},
		{"json = true", `run.toml, line 1: unknown key "json"`},
		{"a = 1\nseeed = 1", "run.toml, line 1: unknown key \"a\"\nrun.toml, line 2: unknown key \"seeed\", did you mean \"seed\"?"},
		{"\ntimestep = \"0.5\"", `run.toml, line 2: key "timestep": found string 0.5, want a number`},
		{"seed = 1.5", `run.toml, line 1: key "seed": found float 1.5, want a natural number`},
		{"seed = -1", `run.toml, line 1: key "seed": found integer -1, want a natural number`},
		{"repeat = 2", `run.toml, line 1: key "repeat": found integer 2, want an array of integers`},
		{"max_time = \"soon\"", `run.toml, line 1: key "max_time": found string soon, want a duration such as "1h30m"`},
		{"\nmax_time = 3600", `run.toml, line 2: key "max_time": found integer 3600, want a duration such as "1h30m"`},
		{"ensemble = \"npt\"", `run.toml, line 1: key "ensemble": found "npt", want one of nve, langevin`},
		{"seed = 1\nseed = 2", `run.toml, line 2: Key 'seed' has already been defined.`},
		{"model = 3", `run.toml, line 1: unknown key "model"`},
		{"[[model]]\nchannels = 3", `run.toml, line 1: unknown key "model"`},
	} {
		_, _, err := parse(t, c.content, "run.toml")
		if err == nil {
			t.Errorf("%q: no error, want %q", c.content, c.want)
		} else if err.Error() != c.want {
			t.Errorf("%q:\n got %s\nwant %s", c.content, err, c.want)
		}
	}
}

func TestMissingFileIsAnError(t *testing.T) {
	_, _, err := parse(t, "", filepath.Join("no", "such.toml"))
	if err == nil || !strings.Contains(err.Error(), "such.toml") {
		t.Errorf("got %v", err)
	}
}
