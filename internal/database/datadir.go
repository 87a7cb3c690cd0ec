package database

import (
	"context"
	"net"
	"os"
)

// Kept is a Database on a server that keeps its data in a folder.
type Kept interface {
	// DataDir is that folder on the server's machine; "" if the role may not
	// know it.
	DataDir(ctx context.Context) string
}

// Local reports whether the host is this machine, by its address alone: behind
// it there may still be a container or a tunnel.
func (c Config) Local() bool {
	ip := net.ParseIP(c.Host)
	return c.Host == "" || c.Host == "localhost" || c.IsSocket() || ip != nil && ip.IsLoopback()
}

// DataDirHere is the folder in which a server on this machine keeps its data,
// or "".
func DataDirHere(ctx context.Context, db Database, config Config) string {
	kept, ok := db.(Kept)
	if !ok || !config.Local() {
		return ""
	}
	dir := kept.DataDir(ctx)
	// One that is not here is in a container, or at the end of a tunnel.
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return ""
	}
	return dir
}
