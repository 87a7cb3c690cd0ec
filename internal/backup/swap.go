package backup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
	"golang.org/x/sys/unix"

	"bunnyhop/internal/durable"
	"bunnyhop/internal/fault"
)

// mark lies in a restored folder from when it is complete until everything is
// done. Where it is tells how far an interrupted restore came.
const mark = ".bunnyhop-restored"

// reached is called when a restore or a removal has reached a point; tests kill the
// process there.
var reached = func(string) {}

// swapper puts a restored folder in the place of another one.
type swapper struct {
	to     string // the folder to replace
	id     string // of the backup
	stage  string // the restored one, before the swap; the replaced one, after it
	before string // the replaced one, in the end
}

// newSwapper names the folders of a restore of the backup id to the folder to.
func newSwapper(to, id string) *swapper {
	return &swapper{to: to, id: id, stage: to + ".restoring-" + id, before: to + ".before-" + id}
}

// resume finishes an interrupted restore that had put its folder in place
// already, of whatever backup, and reports whether it was one of this backup.
func (s *swapper) resume() (bool, error) {
	id, err := os.ReadFile(filepath.Join(s.to, mark))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	} else if err != nil {
		return false, fmt.Errorf("looking for an interrupted restore: %w", err)
	}
	if err := checkID(string(id)); err != nil {
		return false, fmt.Errorf("reading %s: %w", filepath.Join(s.to, mark), err)
	}
	return string(id) == s.id, newSwapper(s.to, string(id)).finish()
}

func (s *swapper) swap() error {
	info, err := os.Stat(s.stage)
	if err != nil {
		return fmt.Errorf("looking at the restored folder: %w", err)
	}
	if err := renameio.WriteFile(filepath.Join(s.stage, mark), []byte(s.id), 0o600); err != nil {
		return fmt.Errorf("marking the restored folder: %w", err)
	}
	// The mark is not a change that people should see.
	if err := os.Chtimes(s.stage, info.ModTime(), info.ModTime()); err != nil {
		return fmt.Errorf("marking the restored folder: %w", err)
	}
	if err := durable.Folder(s.stage); err != nil {
		return err
	}
	reached("staged")
	if exists(s.to) {
		err = s.exchange()
	} else {
		err = os.Rename(s.stage, s.to)
	}
	if err != nil {
		return errors.Join(fault.Wrap(err, "the restored folder cannot take the place of "+s.to,
			"a folder that is a mount point cannot be replaced; restore beside it and move the files"), os.RemoveAll(s.stage))
	}
	reached("exchanged")
	return s.finish()
}

// exchange swaps the two folders in one step. Where the filesystem cannot do
// that, it takes two; killed between them, the folder is missing until the
// restore is run again.
func (s *swapper) exchange() error {
	err := unix.Renameat2(unix.AT_FDCWD, s.stage, unix.AT_FDCWD, s.to, unix.RENAME_EXCHANGE)
	if !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOSYS) {
		return err
	}
	before := free(s.before)
	if err := os.Rename(s.to, before); err != nil {
		return err
	}
	if err := os.Rename(s.stage, s.to); err != nil {
		return errors.Join(err, os.Rename(before, s.to))
	}
	return nil
}

// finish gives the replaced folder its name and removes the mark, in this
// order: as long as the mark is there, the work can be taken up again.
func (s *swapper) finish() error {
	if _, err := os.Lstat(s.stage); err == nil {
		if err := os.Rename(s.stage, free(s.before)); err != nil {
			return fmt.Errorf("keeping the replaced folder: %w", err)
		}
	}
	if err := durable.Folder(filepath.Dir(s.to)); err != nil {
		return err
	}
	reached("kept")
	info, err := os.Stat(s.to)
	if err != nil {
		return fmt.Errorf("looking at the restored folder: %w", err)
	}
	if err := os.Remove(filepath.Join(s.to, mark)); err != nil {
		return fmt.Errorf("finishing the restore: %w", err)
	}
	if err := os.Chtimes(s.to, info.ModTime(), info.ModTime()); err != nil {
		return fmt.Errorf("finishing the restore: %w", err)
	}
	return durable.Folder(s.to)
}

// free is the name, or with a number the next one, that nothing has.
func free(name string) string {
	found := name
	for n := 2; exists(found); n++ {
		found = fmt.Sprintf("%s-%d", name, n)
	}
	return found
}

func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}
