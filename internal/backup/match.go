package backup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// StoredFile is a file that the database says is stored.
type StoredFile struct {
	Prefix string // of its storage location in the backup
	Name   string // its path below the location's root, or its key
}

// Unmatched says how a storage location and the rows of directus_files differ.
type Unmatched struct {
	Prefix  string   `json:"prefix"`            // of the location in the backup
	Missing int64    `json:"missing,omitempty"` // rows whose file is not there
	Names   []string `json:"names,omitempty"`   // of the first of those
	// Extra counts files without a row, but for the images that Directus makes
	// of others and stores beside them.
	Extra int64 `json:"extra,omitempty"`
}

// namedMissing is how many missing files are told by name.
const namedMissing = 20

// Matcher compares the files of one storage location with its rows.
type Matcher struct{ wanted map[string]bool }

// NewMatcher begins a comparison. The rows come first, then the files.
func NewMatcher() *Matcher { return &Matcher{wanted: map[string]bool{}} }

// Want takes a row.
func (m *Matcher) Want(name string) { m.wanted[name] = false }

// Rows is how many different files the rows name.
func (m *Matcher) Rows() int { return len(m.wanted) }

// derived is the name of an image that Directus made of another:
// <id>__<hash>.<extension>, beside it (Directus 12.4.0, services/assets).
var derived = regexp.MustCompile(`__[0-9a-f]{40}\.[a-z0-9]+$`)

// Have takes a file, and reports whether it is Extra.
func (m *Matcher) Have(name string) (extra bool) {
	if _, wanted := m.wanted[name]; wanted {
		m.wanted[name] = true
		return false
	}
	return !derived.MatchString(name) && !strings.HasSuffix(name, "/")
}

// Missing returns the names that were wanted and not had, sorted.
func (m *Matcher) Missing() []string {
	var names []string
	for name, there := range m.wanted {
		if !there {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// First returns the first names of a list, as many as are told.
func First(names []string) []string { return names[:min(len(names), namedMissing)] }

// match compares the stored files with what the database says. A file that
// was stored after the folders were looked through, and before the database
// was dumped, is still taken in.
func (b *builder) match(ctx context.Context, info *PartInfo) ([]Unmatched, error) {
	if b.Stored == nil {
		return nil, nil
	}
	// A folder that does not exist is a location all the same.
	var prefixes []string
	locations := map[string]*Matcher{}
	for _, source := range b.Sources {
		if source.Part == info.Name && source.Files == nil {
			prefixes = append(prefixes, source.Prefix)
			locations[source.Prefix] = NewMatcher()
		}
	}
	if err := want(b.Stored(ctx), locations); err != nil {
		return nil, err
	}
	extra := map[string]int64{}
	for i := range info.Entries {
		e := &info.Entries[i]
		if e.Type == TypeFolder {
			continue
		}
		prefix, name := info.prefixOf(e.Path), ""
		if name = strings.TrimPrefix(e.Path, prefix+"/"); e.Object != nil {
			name = e.Object.Key
		}
		if locations[prefix] != nil && locations[prefix].Have(name) {
			extra[prefix]++
		}
	}
	var unmatched []Unmatched
	for _, prefix := range prefixes {
		missing, err := b.late(ctx, info, prefix, locations[prefix].Missing())
		if err != nil {
			return nil, err
		}
		if u := (Unmatched{Prefix: prefix, Missing: int64(len(missing)), Names: First(missing), Extra: extra[prefix]}); u.Missing+u.Extra > 0 {
			unmatched = append(unmatched, u)
		}
	}
	return unmatched, nil
}

func want(stored iter.Seq2[StoredFile, error], locations map[string]*Matcher) error {
	for file, err := range stored {
		if err != nil {
			return err
		}
		if m := locations[file.Prefix]; m != nil && file.Name != "" {
			m.Want(file.Name)
		}
	}
	return nil
}

// late stores files that are there by now, and returns those that are not.
func (b *builder) late(ctx context.Context, info *PartInfo, prefix string, names []string) ([]string, error) {
	folders := map[string]bool{}
	for i := range info.Entries {
		if e := &info.Entries[i]; e.Type == TypeFolder {
			folders[e.Path] = true
		}
	}
	var missing []string
	for _, name := range names {
		e := Entry{Path: path.Join(prefix, name), Type: TypeFile}
		// What needs a new folder is rare, and told of as missing.
		there := plainKey(name) && folders[path.Dir(e.Path)]
		if there {
			var err error
			if there, err = b.appeared(ctx, &e, prefix, name); err != nil {
				return nil, err
			}
		}
		if !there {
			missing = append(missing, name)
			continue
		}
		info.Files++
		info.Bytes += e.Size
		info.Entries = append(info.Entries, e)
	}
	return missing, nil
}

func (b *builder) appeared(ctx context.Context, e *Entry, prefix, name string) (bool, error) {
	var err error
	if bucket := b.found.buckets[prefix]; bucket != nil {
		o, statErr := bucket.Stat(ctx, name)
		if errors.Is(statErr, fs.ErrNotExist) {
			return false, nil
		}
		if statErr != nil {
			return false, statErr
		}
		*e = Entry{
			Path: e.Path, Type: TypeFile, Size: o.Size, Mode: 0o600, Mtime: o.Modified, Ctime: o.Modified, UID: os.Getuid(), GID: os.Getgid(),
			Object: &Object{Key: name, ETag: o.ETag, Modified: o.Modified, prefix: prefix},
		}
		err = b.fetch(ctx, e)
	} else {
		origin := filepath.Join(b.found.prefixes[prefix], filepath.FromSlash(name))
		info, statErr := os.Lstat(origin)
		if statErr != nil || !info.Mode().IsRegular() {
			return false, nil //nolint:nilerr // it is told of as missing
		}
		e.Mtime, e.Ctime = info.ModTime().UTC(), time.Now().UTC()
		err = b.file(ctx, e, filepath.Join(b.dir, filepath.FromSlash(e.Path)))
	}
	if errors.Is(err, errGone) || errors.Is(err, errOther) {
		return false, nil
	}
	return err == nil, err
}

// String tells a difference in a line: "files/local: in the database but missing: 2 (a.jpg, b.jpg)".
func (u Unmatched) String() string {
	var said []string
	if u.Missing > 0 {
		names := strings.Join(u.Names, ", ")
		if more := u.Missing - int64(len(u.Names)); more > 0 {
			names += fmt.Sprintf(" and %d more", more)
		}
		said = append(said, fmt.Sprintf("in the database but missing: %d (%s)", u.Missing, names))
	}
	if u.Extra > 0 {
		said = append(said, fmt.Sprintf("not in the database: %d", u.Extra))
	}
	return u.Prefix + ": " + strings.Join(said, "; ")
}
