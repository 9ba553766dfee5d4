package main

import (
	"math"

	"gonum.org/v1/gonum/stat"
)

// summary says what a run was like after its equilibration.
type summary struct {
	temperature, temperatureSD float64 // K
	pressure                   float64 // GPa, NaN without a volume
	volume, volumeSD           float64 // Å³, NaN without a volume
	density                    float64 // g/cm³, NaN without a volume
	drift                      float64 // meV/atom/ns, slope of the conserved quantity; NaN if there are too few rows
	rate                       float64 // ns/day
	perAtomStep                float64 // µs
}

func summarize(samples []sample, r *simulation) summary {
	var temperature, pressure, volume, density, time, conserved []float64
	for _, s := range samples {
		if s.Step < r.set.equilibration() {
			continue
		}
		temperature = append(temperature, s.Temperature)
		pressure = append(pressure, s.Pressure)
		volume = append(volume, s.Volume)
		density = append(density, s.Density)
		time = append(time, s.Time)
		conserved = append(conserved, s.Conserved)
	}
	sum := summary{drift: math.NaN(), pressure: stat.Mean(pressure, nil), density: stat.Mean(density, nil)}
	sum.volume, sum.volumeSD = stat.MeanStdDev(volume, nil)
	sum.temperature, sum.temperatureSD = stat.MeanStdDev(temperature, nil)
	if len(time) > 2 {
		_, slope := stat.LinearRegression(time, conserved, nil, false) // eV/fs
		sum.drift = slope * 1e9 / float64(len(r.sys.species))
	}
	row := r.sample()
	sum.rate = row.rate
	if steps := r.state.Step - r.first; steps > 0 {
		sum.perAtomStep = (row.wall - r.past) * 1e6 / float64(steps*len(r.sys.species))
	}
	return sum
}
