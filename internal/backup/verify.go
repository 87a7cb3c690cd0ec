package backup

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
)

// BadFile is a file of a backup that is not what the manifest says.
type BadFile struct {
	Path    string
	Problem string
}

// DamageError names every bad file of a backup.
type DamageError struct {
	Dir string
	Bad []BadFile
}

// namedBad is how many bad files the error's text names; Bad has them all.
const namedBad = 5

func (e *DamageError) Error() string {
	var lines []string
	for i, bad := range e.Bad {
		if i == namedBad {
			lines = append(lines, fmt.Sprintf("and %d more", len(e.Bad)-i))
			break
		}
		lines = append(lines, bad.Path+" "+bad.Problem)
	}
	return strings.Join(lines, ", ")
}

// Verify reads every byte of a backup again and compares it with the
// manifest. The error is a *fault.Error around a *DamageError.
func Verify(ctx context.Context, dir string, report progress.Reporter) error {
	m, err := Read(dir)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("opening the backup: %w", err)
	}
	defer root.Close() //nolint:errcheck // only read from
	v := verifier{root: root, total: m.Bytes(), report: report}
	damage := &DamageError{Dir: dir}
	for _, part := range m.Parts {
		for i := range part.Entries {
			problem, err := v.entry(ctx, &part.Entries[i])
			if err != nil {
				return err
			}
			if problem != "" {
				damage.Bad = append(damage.Bad, BadFile{Path: part.Entries[i].Path, Problem: problem})
			}
		}
	}
	report.Progress("verify", progress.Bytes, v.total, v.total)
	return damage.orNil()
}

func (e *DamageError) orNil() error {
	if len(e.Bad) == 0 {
		return nil
	}
	return fault.Wrap(e, "the backup "+e.Dir+" is damaged",
		"make a new backup now; look at the disk (smartctl, dmesg). The files that are not named are good")
}

type verifier struct {
	root        *os.Root
	done, total int64
	report      progress.Reporter
}

// entry returns what is wrong with an entry; the error is only about the
// context.
func (v *verifier) entry(ctx context.Context, e *Entry) (problem string, err error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	switch e.Type {
	case TypeFolder:
		info, err := v.root.Lstat(e.Path)
		if err != nil || !info.IsDir() {
			return "is missing", nil //nolint:nilerr // it is told as a problem
		}
	case TypeLink:
		if target, err := v.root.Readlink(e.Path); err != nil || target != e.Target {
			return "is not the link it was", nil //nolint:nilerr // it is told as a problem
		}
	case TypeFile:
		return v.file(ctx, e)
	}
	return "", nil
}

func (v *verifier) file(ctx context.Context, e *Entry) (problem string, err error) {
	file, err := openIn(v.root, e.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return "is missing", nil
	}
	if err != nil {
		return "cannot be read: " + err.Error(), nil
	}
	defer file.Close() //nolint:errcheck // only read from
	sum := sha256.New()
	n, err := transfer(ctx, sum, file, func(n int64) {
		v.done += n
		v.report.Progress("verify", progress.Bytes, v.done, max(v.total, v.done))
	})
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case err != nil:
		return "cannot be read: " + err.Error(), nil
	case n != e.Size:
		return fmt.Sprintf("has %d bytes instead of %d", n, e.Size), nil
	case digestOf(sum) != e.SHA256:
		return "has other contents", nil
	}
	return "", nil
}

// openIn opens a regular file below root, not through a link at its end.
func openIn(root *os.Root, name string) (*os.File, error) {
	file, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a file", name)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}
