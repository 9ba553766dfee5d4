// The asm program writes the assembly of package kernel and its Go stubs into
// the directory above:
//
//	cd potential/internal/kernel/asm && go run .
//
// It is a module of its own, so that the generator stays out of the
// dependencies of the potential.
package main

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
)

func main() {
	for _, unit := range []struct {
		name     string
		generate func(*build.Context)
	}{
		{"matmul", matMul},
		{"gelu", gelu},
		{"elementwise", elementwise},
		{"fiber", fiber},
		{"radial", radial},
		{"angular", angular},
		{"gather", gather},
		{"pair", pair},
		{"expand", expand},
		{"norm", norm},
		{"square", square},
	} {
		if err := write(unit.name, unit.generate); err != nil {
			log.Fatalf("%s: %v", unit.name, err)
		}
	}
}

// write generates name_amd64.s and its declarations in name_amd64.go.
func write(name string, generate func(*build.Context)) error {
	ctx := build.NewContext()
	ctx.ConstraintExpr("amd64,!purego")
	generate(ctx)
	file, err := ctx.Result()
	if err != nil {
		return err
	}
	if err := pass.Compile.Execute(file); err != nil {
		return err
	}
	if err := checkFeatures(file); err != nil {
		return err
	}
	config := printer.Config{Name: "go run . in asm", Pkg: "kernel"}
	for _, output := range []struct {
		suffix  string
		printer printer.Printer
	}{
		{"_amd64.s", printer.NewGoAsm(config)},
		{"_amd64.go", printer.NewStubs(config)},
	} {
		text, err := output.printer.Print(file)
		if err != nil {
			return fmt.Errorf("%s: %w", output.suffix, err)
		}
		if err := os.WriteFile(filepath.Join("..", name+output.suffix), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
