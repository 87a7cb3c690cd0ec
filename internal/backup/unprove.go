package backup

import (
	"errors"
	"io/fs"

	"bunnyhop/internal/fault"
)

// Unprove is Disprove, of the error of Verify err, and returns err with what became of the record. Whoever
// may write the backup's record calls it: the project's lock is held.
func Unprove(dir string, err error) error {
	if !refutes(err) {
		return err
	}
	proved := Proved(dir)
	failed := Disprove(dir, err)
	if !proved || errors.Is(failed, fs.ErrNotExist) { // or it was removed meanwhile
		return err
	}
	if failed != nil {
		return recorded(errors.Join(err, failed),
			"it is still recorded as proved, for that record could not be written; do not rely on it")
	}
	return recorded(err, "its recorded proof was taken back: nothing relies on this backup any more")
}

// StillRecorded returns err, of Verify, with the warning that the backup stays
// recorded as proved although it is damaged, because of why.
func StillRecorded(dir string, err error, why string) error {
	if !Proved(dir) || !refutes(err) {
		return err
	}
	return recorded(err, "it is still recorded as proved, for "+why+"; verify it again then")
}

// Proved reports whether a backup can be read and is recorded as proved.
func Proved(dir string) bool {
	m, err := Read(dir)
	return err == nil && m.Verified != nil
}

func recorded(err error, state string) error {
	told := fault.Wrap(err, "", fault.HintOf(err)).WithCode(fault.CodeOf(err))
	told.State = state
	return told
}
