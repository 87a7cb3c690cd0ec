package sqlite

import (
	"fmt"
	"os"
	"sync"
	"syscall"
)

// fileID names a file for good, whatever its path.
type fileID struct{ device, inode uint64 }

func idOf(path string) (fileID, error) {
	info, err := os.Stat(path)
	if err != nil {
		return fileID{}, fmt.Errorf("looking at %s: %w", path, err)
	}
	return idOfInfo(info), nil
}

func idOfInfo(info os.FileInfo) fileID {
	stat := info.Sys().(*syscall.Stat_t)
	return fileID{device: uint64(stat.Dev), inode: stat.Ino} //nolint:unconvert // Dev is 32 bits wide elsewhere
}

// open counts the databases that this process has open. Swapping a file under
// an open connection of our own would let that connection, when it closes,
// delete the log of the new database; Restore asks here first.
var open = struct {
	sync.Mutex
	files map[fileID]int
}{files: map[fileID]int{}}

// register notes that this process opens the file, and returns how to take
// that back (safe to call twice).
func register(path string) (func(), error) {
	id, err := idOf(path)
	if err != nil {
		return nil, err
	}
	open.Lock()
	defer open.Unlock()
	open.files[id]++
	return sync.OnceFunc(func() {
		open.Lock()
		defer open.Unlock()
		if open.files[id]--; open.files[id] == 0 {
			delete(open.files, id)
		}
	}), nil
}

// openHere reports whether this process has the file open as a database.
func openHere(id fileID) bool {
	open.Lock()
	defer open.Unlock()
	return open.files[id] > 0
}
