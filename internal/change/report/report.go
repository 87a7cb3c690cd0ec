// Package report writes a review down: what would change, what was seen in the
// data and what was decided, as one HTML file that needs nothing else, or as
// Markdown.
package report

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/renameio/v2"

	"bunnyhop/internal/change"
	"bunnyhop/internal/durable"
	"bunnyhop/internal/fault"
)

// Review is what a report tells of. Its texts may come from a database: they
// are shown as text, whatever is in them.
type Review struct {
	// Title is one line ("staging → blog").
	Title string
	// Facts stand below it: label and value.
	Facts   [][2]string
	Changes []change.Change
	// Decisions is what was decided; nil: nothing was, and none are shown.
	Decisions change.Decisions
	Noise     []change.Noise
	// LeftOut is the number of differences outside of the mode.
	LeftOut int
	// At is shown in its own time zone; not shown where it is zero.
	At time.Time
}

// Check says whether a report can be written to path, so that this is known
// before there is something to write. The error is one of usage.
func Check(path string) error {
	if _, err := format(path); err != nil {
		return err
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return checkFolder(path)
	case err != nil:
		return usage(err, "the report cannot be written to "+path, "")
	case info.IsDir():
		return usage(nil, path+" is a folder", "name a file for the report: --report "+filepath.Join(path, "review.html"))
	case !info.Mode().IsRegular():
		return usage(nil, path+" is not a file", "name another one for the report")
	}
	return nil
}

func checkFolder(path string) error {
	dir := filepath.Dir(path)
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		err = errors.New("it is a file")
	}
	if err != nil {
		return usage(err, "the report cannot be written to the folder "+dir, "make the folder first, or name another one")
	}
	return nil
}

func usage(cause error, what, hint string) error {
	return fault.Wrap(cause, what, hint).WithCode(fault.Usage)
}

// format chooses by the extension.
func format(path string) (func(Review, io.Writer) error, error) {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".html", ".htm":
		return Review.HTML, nil
	case ".md", ".markdown":
		return Review.Markdown, nil
	}
	return nil, usage(nil, fmt.Sprintf("%q does not say what the report is to be", path), "end its name in .html or in .md")
}

// Write writes a report in the format that the extension of path names: .html
// or .htm, .md or .markdown. Only the owner can read the file. It is there
// whole or not at all; one that is there already is replaced, a link as well.
func Write(path string, r Review) error {
	write, err := format(path)
	if err != nil {
		return err
	}
	if err := Check(path); err != nil {
		return err
	}
	if err := publish(path, r, write); err != nil {
		return fault.Wrap(err, "the report "+path+" could not be written", "look at the folder and the room on its disk, or name another file")
	}
	return nil
}

func publish(path string, r Review, write func(Review, io.Writer) error) error {
	dir := filepath.Dir(path)
	file, err := renameio.NewPendingFile(path, renameio.WithTempDir(dir), renameio.WithStaticPermissions(0o600))
	if err != nil {
		return err
	}
	defer file.Cleanup() //nolint:errcheck // it does nothing once the file has its name
	if err := write(r, file); err != nil {
		return err
	}
	if err := file.CloseAtomicallyReplace(); err != nil {
		return err
	}
	return durable.Folder(dir)
}
