package packages

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"

	"golang.org/x/sync/errgroup"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
)

// copyWorkers is how many files are copied at once: enough to keep a disk
// busy with small files, few enough for a small machine.
const copyWorkers = 4

// Copy copies a tree to dest, which must not exist, without the cache's
// marker. Files are real copies, never hard links; symbolic links and modes
// are kept. Dest appears at once and is flushed to disk.
func Copy(ctx context.Context, tree, dest string, report progress.Reporter) error {
	if _, err := os.Lstat(dest); err == nil {
		return fmt.Errorf("copying the tree: %s: %w", dest, fs.ErrExist)
	}
	removeDead(filepath.Dir(dest), filepath.Base(dest))
	temp := partial(dest)
	defer func() { _ = os.RemoveAll(temp) }() // gone already when renamed
	if err := os.RemoveAll(temp); err != nil {
		return fmt.Errorf("removing an unfinished copy: %w", err)
	}
	c := &copier{tree: tree, temp: temp, report: report}
	if m, err := readMarker(tree); err == nil {
		c.total = m.Bytes
	}
	if err := c.run(ctx); err != nil {
		if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
			return fault.Wrap(err, "the disk is full", "make room on the filesystem of "+filepath.Dir(dest)+", then run again")
		}
		return err
	}
	if err := flush(temp); err != nil {
		return err
	}
	if err := os.Rename(temp, dest); err != nil {
		return fmt.Errorf("finishing the copy: %w", err)
	}
	return flushName(filepath.Dir(dest))
}

type copier struct {
	tree, temp string
	total      int64
	done       atomic.Int64
	report     progress.Reporter
	modes      []folder
}

// folder is a folder whose mode is set when everything is in it.
type folder struct {
	path string
	mode fs.FileMode
}

func (c *copier) run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(copyWorkers)
	walkErr := filepath.WalkDir(c.tree, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		name, err := filepath.Rel(c.tree, path)
		if err != nil || name == markerName {
			return err
		}
		return c.entry(path, filepath.Join(c.temp, name), entry, group.Go)
	})
	if err := group.Wait(); err != nil {
		return fmt.Errorf("copying the tree: %w", err)
	}
	if walkErr != nil {
		return fmt.Errorf("copying the tree: %w", walkErr)
	}
	for i := len(c.modes) - 1; i >= 0; i-- {
		if err := os.Chmod(c.modes[i].path, c.modes[i].mode); err != nil {
			return fmt.Errorf("copying the tree: %w", err)
		}
	}
	c.report.Progress("copying packages", progress.Bytes, c.done.Load(), c.total)
	return nil
}

func (c *copier) entry(from, to string, entry fs.DirEntry, start func(func() error)) error {
	switch {
	case entry.IsDir():
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if err := os.Mkdir(to, 0o700); err != nil {
			return err
		}
		c.modes = append(c.modes, folder{to, info.Mode().Perm()})
		return nil
	case entry.Type()&fs.ModeSymlink != 0:
		return c.link(from, to)
	case entry.Type().IsRegular():
		start(func() error { return c.file(from, to) })
		return nil
	}
	return fmt.Errorf("%s is neither a file, a folder nor a link", from)
}

// link copies a symbolic link. One that names a place in the tree by its
// absolute path would lead from the copy into the cache: it is made relative.
func (c *copier) link(from, to string) error {
	target, err := os.Readlink(from)
	if err != nil {
		return err
	}
	if target == c.tree || strings.HasPrefix(target, c.tree+string(filepath.Separator)) {
		if target, err = filepath.Rel(filepath.Dir(from), target); err != nil {
			return err
		}
	}
	return os.Symlink(target, to)
}

func (c *copier) file(from, to string) error {
	source, err := os.Open(from) //nolint:gosec // the tree is the cache's
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }()
	info, err := source.Stat()
	if err != nil {
		return err
	}
	copied, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // below the temporary folder
	if err != nil {
		return err
	}
	// Between files io.Copy uses copy_file_range, which shares blocks where
	// the filesystem can.
	n, err := io.Copy(copied, source)
	if err == nil {
		err = copied.Chmod(info.Mode().Perm())
	}
	if closeErr := copied.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	const step = 4 << 20
	if done := c.done.Add(n); done/step != (done-n)/step {
		c.report.Progress("copying packages", progress.Bytes, done, c.total)
	}
	return nil
}
