package ipi

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"time"
)

// Network returns what an address means to package net: "host:port", or
// "unix:NAME" for the socket /tmp/ipi_NAME, as i-PI calls it, and
// "unix:/PATH" for one elsewhere.
func Network(address string) (network, place string, err error) {
	if name, unix := strings.CutPrefix(address, "unix:"); unix && name != "" {
		if filepath.IsAbs(name) {
			return "unix", name, nil
		}
		return "unix", "/tmp/ipi_" + name, nil
	}
	if _, port, err := net.SplitHostPort(address); err != nil || port == "" {
		return "", "", fmt.Errorf("ipi: address %q, want host:port or unix:NAME", address)
	}
	return "tcp", address, nil
}

// Dial connects to the server at an address of [Network]. A server that starts
// at the same time may not be there yet, so Dial calls waiting and tries again
// until the context ends. A host that does not exist is an error at once.
func Dial(ctx context.Context, address string, waiting func()) (net.Conn, error) {
	const pause = 200 * time.Millisecond
	network, place, err := Network(address)
	if err != nil {
		return nil, err
	}
	var dialer net.Dialer
	for try := 0; ; try++ {
		conn, err := dialer.DialContext(ctx, network, place)
		if err == nil {
			return conn, nil
		}
		if e, ok := errors.AsType[*net.DNSError](err); ok && e.IsNotFound {
			return nil, fmt.Errorf("ipi: %w: is the address %q that of i-PI?", err, address)
		}
		if try == 0 {
			waiting()
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("ipi: no server at %s: start i-PI first, with this address in its <ffsocket>: %w", place, err)
		case <-time.After(pause):
		}
	}
}
