// Package disk tells how much room filesystems have, and whether what is to be
// written on them fits.
package disk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// Room is what a user may still write on a filesystem.
type Room struct {
	Bytes int64
	Files int64 // math.MaxInt64 where the filesystem has no limit
}

// Free looks at the filesystem of path, or of its nearest ancestor that
// exists.
func Free(path string) (Room, error) {
	var stat unix.Statfs_t
	if _, err := nearest(path, func(path string) error { return unix.Statfs(path, &stat) }); err != nil {
		return Room{}, fmt.Errorf("looking for free space: %w", err)
	}
	room := Room{
		Bytes: int64(min(stat.Bavail*uint64(stat.Frsize), math.MaxInt64)), //nolint:gosec // a block size is positive
		Files: math.MaxInt64,
	}
	if stat.Files > 0 { // none where they are made as needed, as on btrfs
		room.Files = int64(min(stat.Ffree, math.MaxInt64)) //nolint:gosec // not more than the largest
	}
	return room, nil
}

// nearest asks of path, and of what is above it until something is there.
func nearest(path string, ask func(string) error) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	for {
		err := ask(path)
		if err == nil {
			return path, nil
		}
		if parent := filepath.Dir(path); errors.Is(err, fs.ErrNotExist) && parent != path {
			path = parent
			continue
		}
		return "", &os.PathError{Op: "statfs", Path: path, Err: err}
	}
}

// Usage is about what a folder takes on the disk: whole blocks, as a copy of it
// would. What is not there or cannot be read counts as nothing.
func Usage(ctx context.Context, dir string) (used Room, err error) {
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real // a walk does not follow a link that it begins at
	}
	err = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return nil //nolint:nilerr // see above
		}
		info, err := entry.Info()
		if err != nil {
			return nil //nolint:nilerr // gone meanwhile
		}
		used.Files++
		if stat, ok := info.Sys().(*syscall.Stat_t); ok {
			used.Bytes += stat.Blocks * 512 // by POSIX, whatever the block size
		}
		return nil
	})
	return used, err
}
