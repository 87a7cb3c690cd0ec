package backup

import (
	"encoding/hex"
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
	types := map[string]EntryType{}
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
			if err := e.check(part.Name, prefixes, types); err != nil {
				return fmt.Errorf("entry %q: %w", e.Path, err)
			}
			types[e.Path] = e.Type
		}
	}
	return nil
}

// check looks at one entry. Those before it are in types: a folder comes
// before what is in it.
func (e *Entry) check(part Part, prefixes map[string]bool, types map[string]EntryType) error {
	if err := checkPath(e.Path); err != nil {
		return err
	}
	if e.Path == manifestName || types[e.Path] != "" {
		return errors.New("the path is taken")
	}
	switch e.Type {
	case TypeFile:
		if sum, err := hex.DecodeString(e.SHA256); err != nil || len(sum) != 32 || e.Size < 0 {
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
	case types[path.Dir(e.Path)] != TypeFolder:
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
