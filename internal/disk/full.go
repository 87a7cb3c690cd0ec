package disk

import (
	"strings"
	"syscall"
)

// FullError says which filesystems are too full. It matches syscall.ENOSPC.
type FullError struct{ Short []Short }

func (e *FullError) Error() string {
	lines := make([]string, len(e.Short))
	for i, s := range e.Short {
		lines[i] = s.String()
	}
	return strings.Join(lines, "; ")
}

// Unwrap is syscall.ENOSPC.
func (e *FullError) Unwrap() error { return syscall.ENOSPC }

// Require is Check for a step that is about to write: what does not fit is a
// *FullError.
func Require(needs ...Need) error {
	short, err := Check(needs)
	if err != nil {
		return err
	}
	if len(short) > 0 {
		return &FullError{Short: short}
	}
	return nil
}
