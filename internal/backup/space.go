package backup

import (
	"fmt"
	"syscall"

	"bunnyhop/internal/disk"
	"bunnyhop/internal/fault"
)

// SpaceError says that a disk is too full. It matches syscall.ENOSPC.
type SpaceError struct {
	Path string
	Need int64 // bytes, with the reserve; 0 if not known
	Free int64 // bytes
}

func (e *SpaceError) Error() string {
	return fmt.Sprintf("%s needed in %s, %s free", disk.Size(e.Need), e.Path, disk.Size(e.Free))
}

// Unwrap is syscall.ENOSPC.
func (e *SpaceError) Unwrap() error { return syscall.ENOSPC }

// Need checks that bytes and a reserve of a fifth fit into path. The error is
// a *fault.Error around a *SpaceError.
func Need(path string, bytes int64) error {
	room, err := disk.Free(path)
	if err != nil {
		return err
	}
	if need := bytes + bytes/5; room.Bytes < need {
		return tooFull(&SpaceError{Path: path, Need: need, Free: room.Bytes})
	}
	return nil
}

func tooFull(err *SpaceError) error {
	fe := fault.Wrap(err, "there is not enough space for the backup",
		"make room there, remove old backups with `bunnyhop backup prune`, or name another folder as backup_folder in bunnyhop.yaml")
	fe.State = "the project was not touched, and no unfinished backup is left"
	return fe
}
