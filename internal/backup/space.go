package backup

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"syscall"

	"github.com/dustin/go-humanize"
	"golang.org/x/sys/unix"

	"bunnyhop/internal/fault"
)

// SpaceError says that a disk is too full. It matches syscall.ENOSPC.
type SpaceError struct {
	Path string
	Need int64 // bytes, with the reserve; 0 if not known
	Free int64 // bytes
}

func (e *SpaceError) Error() string {
	return fmt.Sprintf("%s needed in %s, %s free", size(e.Need), e.Path, size(e.Free))
}

// Unwrap is syscall.ENOSPC.
func (e *SpaceError) Unwrap() error { return syscall.ENOSPC }

// FreeSpace is the number of bytes that this user may still write on the
// filesystem of path, or of its nearest ancestor that exists.
func FreeSpace(path string) (int64, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return 0, fmt.Errorf("looking for free space: %w", err)
	}
	for {
		var stat unix.Statfs_t
		err := unix.Statfs(path, &stat)
		if err == nil {
			free := stat.Bavail * uint64(stat.Frsize) //nolint:gosec // a block size is positive
			return int64(min(free, math.MaxInt64)), nil
		}
		if parent := filepath.Dir(path); errors.Is(err, fs.ErrNotExist) && parent != path {
			path = parent
			continue
		}
		return 0, fmt.Errorf("looking for free space: %w", &os.PathError{Op: "statfs", Path: path, Err: err})
	}
}

// Need checks that bytes and a reserve of a fifth fit into path. The error is
// a *fault.Error around a *SpaceError.
func Need(path string, bytes int64) error {
	free, err := FreeSpace(path)
	if err != nil {
		return err
	}
	if need := bytes + bytes/5; free < need {
		return tooFull(&SpaceError{Path: path, Need: need, Free: free})
	}
	return nil
}

func tooFull(err *SpaceError) error {
	fe := fault.Wrap(err, "there is not enough space for the backup",
		"make room there, remove old backups with `bunnyhop backup prune`, or name another folder as backup_folder in bunnyhop.yaml")
	fe.State = "the project was not touched, and no unfinished backup is left"
	return fe
}

func size(n int64) string { return humanize.Bytes(uint64(max(n, 0))) } //nolint:gosec // not negative
