package train

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"

	"ponita/internal/replace"
)

// ErrCheckpoint is wrapped by the error for a file that is not a checkpoint, is
// damaged, or belongs to another run.
var ErrCheckpoint = errors.New("unusable checkpoint")

// progress is the state of a run besides its vectors: where it is, and what it
// has to remember.
type progress struct {
	Settings  string  // the effective settings, to compare
	Data      string  // hash of the training data
	Epochs    int     // that the run shall have; 0 in older files
	Epoch     int     // epochs finished
	Batch     int     // batches finished in the current epoch
	Step      int     // optimiser steps
	Norm      float64 // of the gradient, the mean of the last steps; 0 before the first
	Sums      errorSums
	Best      float64            // validation loss
	BestEpoch int                // from 1; 0 before the first
	BestError map[string]float64 // errors of the best model
	Waiting   int                // plateau: epochs without progress
	Halvings  int
	Log       string
}

// state is all a run needs to go on.
type state struct {
	progress
	theta, mean, best []float64 // weights, their average, the best average
	optimizer         *optimizer
}

func (s *state) vectors() []*[]float64 {
	return []*[]float64{&s.theta, &s.mean, &s.best, &s.optimizer.M, &s.optimizer.V}
}

// A checkpoint is: magic, length of the JSON part, JSON, length of a vector, the
// five vectors, SHA-256 of all before. Little-endian.
const checkpointMagic = "PONITA checkpoint 1\n"

func (s *state) save(path string) error {
	text, err := json.Marshal(s.progress)
	if err != nil {
		return fmt.Errorf("train: checkpoint: %w", err)
	}
	le := binary.LittleEndian
	data := []byte(checkpointMagic)
	data = le.AppendUint64(data, uint64(len(text)))
	data = append(data, text...)
	data = le.AppendUint64(data, uint64(len(s.theta)))
	for _, v := range s.vectors() {
		for _, x := range *v {
			data = le.AppendUint64(data, math.Float64bits(x))
		}
	}
	sum := sha256.Sum256(data)
	return replace.File(path, append(data, sum[:]...))
}

// load reads what save wrote into a state whose vectors have the right length.
func (s *state) load(path string) error {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("train: nothing to resume, want the output folder of an earlier run: %w", err)
	}
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	fail := func(why string) error { return fmt.Errorf("train: %s: %s: %w", path, why, ErrCheckpoint) }
	end := len(data) - sha256.Size
	if end < len(checkpointMagic)+16 || !bytes.HasPrefix(data, []byte(checkpointMagic)) {
		return fail("not a checkpoint")
	}
	if sum := sha256.Sum256(data[:end]); !bytes.Equal(sum[:], data[end:]) {
		return fail("wrong checksum, the file is damaged")
	}
	le := binary.LittleEndian
	data = data[len(checkpointMagic):end]
	n := le.Uint64(data)
	if n > uint64(len(data)-16) {
		return fail("wrong lengths")
	}
	if err := json.Unmarshal(data[8:8+n], &s.progress); err != nil {
		return fail(err.Error())
	}
	data = data[8+n:]
	count := le.Uint64(data)
	data = data[8:]
	if count != uint64(len(s.theta)) || uint64(len(data)) != 8*5*count {
		return fail(fmt.Sprintf("it has %d weights, the run %d", count, len(s.theta)))
	}
	for _, v := range s.vectors() {
		for k := range *v {
			(*v)[k] = math.Float64frombits(le.Uint64(data))
			data = data[8:]
		}
	}
	s.optimizer.Step = s.Step
	return nil
}
