// Package plots writes plots as PNG files.
package plots

import (
	"io"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"

	"ponita/internal/replace"
)

// Save writes a table of plots with aligned axes to a PNG file of the given size and
// resolution. Rows have as many plots each; padding is between and around them.
func Save(path string, rows [][]*plot.Plot, width, height vg.Length, dpi int, padding vg.Length) error {
	image := vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(dpi))
	tiles := draw.Tiles{
		Rows: len(rows), Cols: len(rows[0]), PadX: padding, PadY: padding,
		PadTop: padding, PadBottom: padding, PadLeft: padding, PadRight: 2 * padding,
	}
	for i, row := range plot.Align(rows, tiles, draw.New(image)) {
		for k, canvas := range row {
			rows[i][k].Draw(canvas)
		}
	}
	return replace.Write(path, func(w io.Writer) error {
		_, err := vgimg.PngCanvas{Canvas: image}.WriteTo(w)
		return err
	})
}
