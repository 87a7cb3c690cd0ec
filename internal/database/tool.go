package database

import "context"

// Tooled is a Database that is dumped and restored by programs of its vendor.
type Tooled interface {
	// DumpTool names the program that would dump it, with its version. That
	// there is none here, or that it is too old for the server, is a
	// *fault.Error of code Blocked.
	DumpTool(ctx context.Context) (string, error)
}
