package backup

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

const (
	// flushOneByOne is up to how many files are flushed one by one. More are
	// flushed with their whole filesystem, which is far quicker for them, but
	// also waits for what other programs have written.
	flushOneByOne = 500
	// flushEvery is after how many bytes the disk is set to work, while the
	// next files are read.
	flushEvery = 64 << 20
)

// flusher makes what is written to a backup last. No file of it is flushed
// when it is written: nothing counts before the manifest is there, and that is
// written after all else was flushed.
type flusher struct {
	dir     string
	file    *os.File // dir; what went wrong since it was opened is told once
	written atomic.Int64
	working atomic.Bool
	early   sync.WaitGroup
	failed  atomic.Bool
}

func newFlusher(dir string) (*flusher, error) {
	file, err := os.Open(dir) //nolint:gosec // the backup's own folder
	if err != nil {
		return nil, fmt.Errorf("opening the backup's folder: %w", err)
	}
	return &flusher{dir: dir, file: file}, nil
}

// wrote counts bytes, and now and then has what was written so far flushed
// meanwhile, so that the end waits for little.
func (f *flusher) wrote(n int64) {
	if f.written.Add(n) < flushEvery || !f.working.CompareAndSwap(false, true) {
		return
	}
	f.written.Store(0)
	f.early.Go(func() {
		f.filesystem()
		f.working.Store(false)
	})
}

// filesystem flushes all that was written. Since Linux 5.8 syncfs(2) also
// reports what could not be written, by whatever program.
func (f *flusher) filesystem() {
	if unix.Syncfs(int(f.file.Fd())) != nil {
		f.failed.Store(true)
	}
}

// finish makes a backup of so many files last. Where their filesystem cannot
// be flushed as a whole without an error, that may be about the files of
// others, and each file of the backup is asked for.
func (f *flusher) finish(files int) error {
	f.early.Wait()
	if files > flushOneByOne {
		if f.filesystem(); !f.failed.Load() {
			return nil
		}
	}
	return flushTree(f.dir)
}

func (f *flusher) close() {
	f.early.Wait()
	_ = f.file.Close() // only read from
}

// flushFolder makes a folder with so many files last.
func flushFolder(dir string, files int) error {
	f, err := newFlusher(dir)
	if err != nil {
		return err
	}
	defer f.close()
	return f.finish(files)
}

// flushTree flushes a folder with all that is in it.
func flushTree(dir string) error {
	err := filepath.WalkDir(dir, func(name string, item fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if item.IsDir() || item.Type().IsRegular() {
			return flushPath(name)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("flushing %s: %w", dir, err)
	}
	return nil
}

// flushPath flushes a file, or the names in a folder.
func flushPath(name string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // only read from
	return file.Sync()
}
