// Package lock keeps two processes from writing to the same files.
package lock
