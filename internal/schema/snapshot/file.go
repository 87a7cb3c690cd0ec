package snapshot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"bunnyhop/internal/fault"
)

// Open reads a snapshot from a file, or from a folder of directus-sync. The
// error is a *fault.Error that names the file.
func Open(path string) (*Snapshot, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fault.Wrap(err, "the snapshot cannot be opened", "check the path")
	}
	if info.IsDir() {
		return openTree(path)
	}
	if !info.Mode().IsRegular() {
		return nil, fault.New(path+" is neither a file nor a folder", "give the path of a snapshot")
	}
	s, err := readFile(path)
	if err != nil {
		return nil, fault.Wrap(err, "the snapshot "+path+" cannot be read", hint(err))
	}
	return s, nil
}

func readFile(path string) (*Snapshot, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // only read
	data, err := readAll(file, MaxBytes)
	if err != nil {
		return nil, err
	}
	return parse(data)
}

// readAll reads what is not longer than most.
func readAll(from io.Reader, most int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(from, most+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > most {
		return nil, fmt.Errorf("it has more than %d MB, which is the most that is read", MaxBytes>>20)
	}
	return data, nil
}

// Server is a running Directus, asked as an administrator.
type Server interface {
	// SnapshotBody is the answer to GET /schema/snapshot, which is an error if
	// it is longer than most bytes.
	SnapshotBody(ctx context.Context, most int64) ([]byte, error)
}

// Fetch asks a running server for its snapshot.
func Fetch(ctx context.Context, server Server) (*Snapshot, error) {
	data, err := server.SnapshotBody(ctx, MaxBytes)
	if err != nil {
		return nil, fmt.Errorf("asking the server for its data model: %w", err)
	}
	s, err := parse(data)
	if errors.Is(err, errShape) {
		return nil, fault.New("the server does not answer with its data model", "check the address: it must be that of Directus itself")
	}
	if err != nil {
		return nil, fault.Wrap(err, "the server's answer about its data model cannot be read", "check the address, and what stands between (proxies)")
	}
	return s, nil
}
