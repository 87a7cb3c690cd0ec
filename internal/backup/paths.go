package backup

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

// idForm is what an ID may look like: it becomes a folder's name.
var idForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)

func checkID(id string) error {
	if !idForm.MatchString(id) || strings.HasSuffix(id, partialSuffix) || strings.HasSuffix(id, removingSuffix) {
		return fmt.Errorf("%q cannot be the id of a backup", id)
	}
	return nil
}

// check refuses a manifest by which something could be read or written
// outside the backup, or a file be written through a link.
func (m *Manifest) check() error {
	if err := checkID(m.ID); err != nil {
		return err
	}
	taken := make(map[string]bool, m.entries())
	for _, part := range m.Parts {
		prefixes := map[string]bool{}
		for _, folder := range part.Folders {
			if err := checkPath(folder.Prefix); err != nil {
				return err
			}
			prefixes[folder.Prefix] = true
		}
		for i := range part.Entries {
			e := &part.Entries[i]
			if err := e.check(part.Name, prefixes, taken); err != nil {
				return fmt.Errorf("entry %q: %w", e.Path, err)
			}
			taken[e.Path] = e.Type == TypeFolder
		}
	}
	return nil
}

// entries is how many there are in all parts.
func (m *Manifest) entries() (n int) {
	for _, part := range m.Parts {
		n += len(part.Entries)
	}
	return n
}

// check looks at one entry. Those before it are in taken, folders with true: a
// folder comes before what is in it.
func (e *Entry) check(part Part, prefixes, taken map[string]bool) error {
	if err := checkPath(e.Path); err != nil {
		return err
	}
	if _, twice := taken[e.Path]; twice || e.Path == manifestName {
		return errors.New("the path is taken")
	}
	switch e.Type {
	case TypeFile:
		if e.SHA256.IsZero() || e.Size < 0 {
			return errors.New("it has no digest or no size")
		}
	case TypeFolder:
	case TypeLink:
		if e.Target == "" || strings.ContainsRune(e.Target, 0) {
			return errors.New("the link leads nowhere")
		}
	default:
		return fmt.Errorf("its type is %q", e.Type)
	}
	switch {
	case part == Database:
		if e.Type != TypeFile || strings.Contains(e.Path, "/") {
			return errors.New("a database dump is a file at the top")
		}
	case prefixes[e.Path]:
		if e.Type != TypeFolder {
			return errors.New("it stands where a folder must be")
		}
	case !taken[path.Dir(e.Path)]:
		return errors.New("it does not lie in a folder of the backup")
	}
	return nil
}

// checkPath accepts clean relative paths that stay below where they start.
func checkPath(name string) error {
	if name == "" || name == "." || strings.ContainsRune(name, 0) || !filepath.IsLocal(name) || path.Clean(name) != name {
		return fmt.Errorf("the path %q could leave its folder", name)
	}
	return nil
}
