package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"

	"ponita/potential"
	"ponita/xyz"
)

type infoCommand struct {
	Model string `arg:"" type:"existingfile" help:"Model file."`
	JSON  bool   `help:"Print JSON."`
	Log   bool   `help:"Print the training log (CSV) instead."`
	TOML  bool   `name:"settings" help:"Print the run file the model was trained with instead."`
}

// modelInfo is what info prints.
type modelInfo struct {
	Hash              string               `json:"hash"`
	Config            potential.Config     `json:"config"`
	ReferenceEnergies map[string]float64   `json:"reference_energies_eV"`
	Weights           int                  `json:"weights"`
	Provenance        potential.Provenance `json:"provenance"`
}

func (c *infoCommand) Run() error {
	m, err := potential.Load(c.Model)
	if err != nil {
		return err
	}
	info := modelInfo{Hash: m.Hash(), Config: m.Config, Weights: len(m.Weights), Provenance: m.Provenance, ReferenceEnergies: map[string]float64{}}
	for k, z := range m.Config.Species {
		info.ReferenceEnergies[xyz.Symbol(z)] = m.ReferenceEnergies[k]
	}
	switch {
	case c.Log:
		fmt.Print(m.Provenance.Log)
	case c.TOML:
		fmt.Print(m.Provenance.Settings)
	case c.JSON:
		out := json.NewEncoder(os.Stdout)
		out.SetIndent("", "  ")
		return out.Encode(info)
	default:
		info.print()
	}
	return nil
}

func (i modelInfo) print() {
	c, p := i.Config, i.Provenance
	fmt.Printf("hash        %s\n", i.Hash)
	fmt.Printf("trained by  ponita %s\n", p.Version)
	for _, d := range p.Data {
		fmt.Printf("data        %s, %d frames, SHA-256 %.16s…\n", d.Name, d.Frames, d.SHA256)
	}
	fmt.Printf("network     %s kernel of degree %d and %d, %d layers, %d channels, widening %d, %d weights\n",
		c.Kernel, c.Degree, c.FiberDegree, c.Layers, c.Channels, c.Widening, i.Weights)
	fmt.Printf("grid        %s\n", c.Grid.Name)
	fmt.Printf("cutoff      %g Å, %.2f neighbours on average\n", c.Cutoff, c.MeanNeighbors)
	for _, symbol := range slices.Sorted(maps.Keys(i.ReferenceEnergies)) {
		fmt.Printf("element     %-2s reference energy %.6f eV\n", symbol, i.ReferenceEnergies[symbol])
	}
	for _, name := range slices.Sorted(maps.Keys(p.Errors)) {
		fmt.Printf("validation  %s %.3f\n", name, p.Errors[name])
	}
}
