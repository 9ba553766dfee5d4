// Command cgo is libponita.so, the model behind the C interface of ponita.h:
//
//	make lib    # bin/libponita.so and bin/ponita.h
//
// The header is the documentation; the programs in ctest show every function.
// abi.c stands between: it guards the host's floating-point environment and
// refuses in forked processes. On this side every function
//
//   - recovers panics and turns errors into a status and a text,
//   - copies what it needs and keeps no pointer of the caller's,
//   - reads structs by their size, so that older callers stay valid,
//   - takes handles as numbers, looked up in a table, so that a wrong one is an
//     error.
package main

func main() {} // never called: the package is a library
