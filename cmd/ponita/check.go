package main

import (
	"encoding/json"
	"fmt"
	"os"

	"ponita/potential/forensics"
	"ponita/potential/train"
)

type checkCommand struct {
	Files      []string `arg:"" type:"existingfile" help:"Extended XYZ files, such as those of training, validation and test: they are compared with each other."`
	labelFlags `embed:""`
	Cutoff     float64 `default:"5" help:"Cutoff of the model to be trained, Å."`
	Threads    int     `default:"0" help:"Threads; 0 is all cores."`
	JSON       bool    `help:"Print JSON."`
}

func (c *checkCommand) Run() error {
	var sets []*forensics.Set
	for _, file := range c.Files {
		s, err := forensics.Read(file, c.keys())
		if err != nil {
			return err
		}
		sets = append(sets, s)
	}
	result, err := forensics.Examine(sets, forensics.Options{Cutoff: c.Cutoff, Threads: c.Threads})
	if err != nil {
		return err
	}
	if c.JSON {
		out := json.NewEncoder(os.Stdout)
		out.SetIndent("", "  ")
		if err := out.Encode(result); err != nil {
			return err
		}
	} else {
		if _, err := fmt.Print(result); err != nil {
			return err
		}
	}
	if n := result.Count(forensics.Error); n > 0 {
		return fmt.Errorf("errors in the data: %d", n)
	}
	return nil
}

// checkRun examines the data of a training run and prints what is wrong with
// them. It does not stop the run: what a network may learn from is for its owner
// to say.
func checkRun(c *train.Settings, t *train.Trainer) error {
	data, valid := t.Datasets()
	sets := []*forensics.Set{forensics.NewSet(c.Train, data.Frames, data.Labels, data.Census)}
	if valid == data {
		sets[0].Held = t.Model().Provenance.Split
	} else {
		sets = append(sets, forensics.NewSet(c.Valid, valid.Frames, valid.Labels, valid.Census))
	}
	result, err := forensics.Examine(sets, forensics.Options{Cutoff: c.Cutoff, Threads: c.Threads})
	if err != nil {
		return err
	}
	for _, f := range result.Findings {
		if f.Severity != forensics.Note {
			fmt.Fprint(os.Stderr, f)
		}
	}
	return nil
}
