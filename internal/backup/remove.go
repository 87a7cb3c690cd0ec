package backup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"bunnyhop/internal/durable"
)

// Remove removes the backup in dir. First it gets a name that no whole backup
// has, so that a removal that is killed half way leaves nothing that looks
// whole; List then shows it as Removing, and Remove finishes it.
func Remove(dir string) error {
	folder, aside := filepath.Dir(dir), dir
	if !strings.HasSuffix(dir, removingSuffix) {
		aside = dir + removingSuffix
		// An earlier one of the same name would be in the way.
		if err := os.RemoveAll(aside); err != nil {
			return fmt.Errorf("removing a backup: %w", err)
		}
		if err := os.Rename(dir, aside); err != nil {
			return fmt.Errorf("removing a backup: %w", err)
		}
		if err := durable.Folder(folder); err != nil {
			return err
		}
		reached("renamed")
	}
	if err := os.RemoveAll(aside); err != nil {
		return fmt.Errorf("removing a backup: %w", err)
	}
	if err := durable.Folder(folder); err != nil {
		return err
	}
	for _, name := range []string{dir, aside} {
		if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("removing a backup: %s is still there", name)
		}
	}
	return nil
}

// Freed is how many bytes come back when folders are removed together. A file
// that has other names outside of them, as those do that backups share, does
// not come back.
func Freed(dirs ...string) (int64, error) {
	const block = 512 // stat's unit, whatever the filesystem's is
	var bytes int64
	left := map[inode]uint64{} // names not met yet
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(_ string, item fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := item.Info()
			if err != nil {
				return err
			}
			stat := info.Sys().(*syscall.Stat_t)
			if !item.IsDir() && stat.Nlink > 1 {
				file := inode{uint64(stat.Dev), stat.Ino} //nolint:unconvert // 32 bits elsewhere
				if _, met := left[file]; !met {
					left[file] = uint64(stat.Nlink) //nolint:unconvert // 32 bits elsewhere
				}
				if left[file]--; left[file] > 0 {
					return nil
				}
				delete(left, file)
			}
			bytes += stat.Blocks * block
			return nil
		})
		if err != nil {
			return 0, fmt.Errorf("measuring a backup: %w", err)
		}
	}
	return bytes, nil
}
