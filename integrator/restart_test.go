package integrator

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestRestartIsBitwiseIdentical(t *testing.T) {
	for name, stepper := range steppers {
		t.Run(name, func(t *testing.T) {
			whole := fluid(t, 100, 3)
			run(t, stepper, whole, argon{}, 100)

			half := fluid(t, 100, 3)
			run(t, stepper, half, argon{}, 50)
			path := filepath.Join(t.TempDir(), "run.ckpt")
			if err := SaveRestart(path, half, []byte("settings")); err != nil {
				t.Fatal(err)
			}
			resumed, extra, err := LoadRestart(path)
			if err != nil {
				t.Fatal(err)
			}
			if string(extra) != "settings" {
				t.Errorf("extra bytes %q came back", extra)
			}
			run(t, stepper, resumed, argon{}, 50)

			// The encoding holds every field as its bits.
			if !bytes.Equal(encoded(t, whole), encoded(t, resumed)) {
				t.Errorf("after 100 steps %+v, with a restart in between %+v", whole.Thermo(), resumed.Thermo())
			}
		})
	}
}

func encoded(t testing.TB, s *State) []byte {
	t.Helper()
	data, err := encodeRestart(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// A field added to State and forgotten in the file would pass the test above
// while no integrator changes it.
func TestRestartHoldsEveryFieldOfState(t *testing.T) {
	s := fluid(t, 100, 1)
	run(t, steppers["NoseHoover"], s, argon{}, 3)
	run(t, steppers["Langevin"], s, argon{}, 3)
	back, _, err := decodeRestart(encoded(t, s))
	if err != nil {
		t.Fatal(err)
	}
	value := reflect.ValueOf(*s)
	for i := range value.NumField() {
		if value.Type().Field(i).IsExported() && value.Field(i).IsZero() {
			t.Errorf("%s is zero here, so the comparison says nothing", value.Type().Field(i).Name)
		}
	}
	if !reflect.DeepEqual(s, back) {
		t.Errorf("saved %+v, loaded %+v", s, back)
	}
}

func TestRestartRoundTripsAnyState(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 5).Draw(t, "atoms")
		number := rapid.Float64() // any finite one, negative zero and subnormals included
		vectors := func(name string) [][3]float64 {
			v := make([][3]float64, n)
			for i := range v {
				for a := range 3 {
					v[i][a] = number.Draw(t, name)
				}
			}
			return v
		}
		s := &State{
			Step: rapid.Int().Draw(t, "step"), Time: number.Draw(t, "time"),
			Masses: rapid.SliceOfN(rapid.Float64Range(1, 300), n, n).Draw(t, "masses"),
			Pos:    vectors("x"), Vel: vectors("v"), Forces: vectors("f"),
			DOF: rapid.IntRange(1, 3*n).Draw(t, "dof"), BathEnergy: number.Draw(t, "bath"),
		}
		if links := rapid.IntRange(0, 4).Draw(t, "links"); links > 0 {
			values := rapid.SliceOfN(number, links, links)
			s.Chain = Chain{values.Draw(t, "eta"), values.Draw(t, "eta velocity")}
		}
		if rapid.Bool().Draw(t, "noise") {
			s.Noise = NewStream(rapid.Uint64().Draw(t, "seed"), "any")
		}
		extra := rapid.SliceOf(rapid.Byte()).Draw(t, "extra")
		data, err := encodeRestart(s, extra)
		if err != nil {
			t.Fatal(err)
		}
		back, extraBack, err := decodeRestart(data)
		if err != nil {
			t.Fatal(err)
		}
		if again, _ := encodeRestart(back, extraBack); !bytes.Equal(again, data) {
			t.Errorf("another file after a round trip")
		}
	})
}

func TestDamagedRestartIsAnError(t *testing.T) {
	s := fluid(t, 100, 1)
	good := encoded(t, s)
	for length := range good {
		if _, _, err := decodeRestart(good[:length]); !errors.Is(err, ErrDamaged) {
			t.Fatalf("cut to %d of %d bytes: error %v, want ErrDamaged", length, len(good), err)
		}
	}
	for at := range good {
		bad := bytes.Clone(good)
		bad[at] ^= 1
		_, _, err := decodeRestart(bad)
		if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrVersion) {
			t.Fatalf("bit flipped in byte %d: error %v, want ErrDamaged or ErrVersion", at, err)
		}
	}
}

func TestFailedSaveLeavesTheOldRestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.ckpt")
	s := fluid(t, 100, 1)
	if err := SaveRestart(path, s, nil); err != nil {
		t.Fatal(err)
	}
	broken := *s
	broken.Masses = nil
	if err := SaveRestart(path, &broken, nil); err == nil {
		t.Error("a state without masses was saved")
	}
	// A directory where the temporary file should be stands for a full disk.
	if err := os.Mkdir(fmt.Sprintf("%s.%d.tmp", path, os.Getpid()), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := SaveRestart(path, s, []byte("new")); err == nil {
		t.Error("no error although the temporary file cannot be written")
	}
	if _, extra, err := LoadRestart(path); err != nil || len(extra) > 0 {
		t.Errorf("the first restart is gone: %v, extra %q", err, extra)
	}
}

func TestLoadRestartNamesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "water.xyz")
	if err := os.WriteFile(path, []byte("3\nwater\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	_, _, err := LoadRestart(path)
	if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v, want ErrDamaged with the path", err)
	}
	if _, _, err := LoadRestart(path + ".none"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v, want ErrNotExist", err)
	}
}

// FuzzDecodeRestart changes what the checksum protects and signs it again, as
// a program with a bug would.
func FuzzDecodeRestart(f *testing.F) {
	s, field := trapped(f, 1, 0.05, 1) // small, so that the changes meet the lengths
	run(f, steppers["NoseHoover"], s, field, 1)
	good := encoded(f, s)
	f.Add(good[:len(good)-sha256.Size])
	f.Add([]byte(restartMagic))
	f.Fuzz(func(t *testing.T, body []byte) {
		sum := sha256.Sum256(body)
		s, extra, err := decodeRestart(append(bytes.Clone(body), sum[:]...))
		if err != nil {
			if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrVersion) {
				t.Errorf("error %v is neither ErrDamaged nor ErrVersion", err)
			}
			return
		}
		again, err := encodeRestart(s, extra)
		if err != nil || !bytes.Equal(again[:len(body)], body) {
			t.Errorf("accepted, but written again it differs: %v", err)
		}
	})
}
