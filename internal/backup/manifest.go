// Package backup keeps copies of a project: its database, stored files,
// extensions and configuration, one folder per backup, with a manifest that
// tells every file's digest. A backup appears under its name only when it is
// complete and on the disk.
package backup

import (
	"path/filepath"
	"time"

	"bunnyhop/internal/database"
	"bunnyhop/internal/fault"
)

// Format is the version of the manifest that this program writes, and the
// newest that it reads.
const Format = 1

// Part is one of the four parts of a project.
type Part string

// The parts, in the order in which people are told of them.
const (
	Database   Part = "database"
	Files      Part = "files"
	Extensions Part = "extensions"
	Config     Part = "config"
)

// Parts lists all parts; a manifest names each of them, included or not.
var Parts = []Part{Database, Files, Extensions, Config}

// Kinds of backups.
const (
	Full  = "full"
	Final = "final" // the database only, taken while the server is stopped
	Saved = "saved" // only those stored objects that a restore was about to overwrite
)

// Manifest describes a backup.
type Manifest struct {
	Format        int                  `json:"format"`
	Digest        string               `json:"digest"` // SHA-256 of the manifest with 64 zeros here
	ID            string               `json:"id"`
	Kind          string               `json:"kind"` // Full, Final or Saved
	Created       time.Time            `json:"created"`
	Finished      time.Time            `json:"finished,omitzero"` // no file in it was written later; zero in old ones
	Run           string               `json:"run,omitempty"`     // the run that made it
	Project       string               `json:"project"`
	Root          string               `json:"root"`       // the project's folder
	Directus      string               `json:"directus"`   // version
	Migrations    []string             `json:"migrations"` // as recorded in the database
	Vendor        database.Vendor      `json:"vendor,omitempty"`
	ServerVersion string               `json:"server_version,omitempty"`
	DumpTool      string               `json:"dump_tool,omitempty"` // name and version
	Fingerprint   database.Fingerprint `json:"fingerprint"`
	External      []External           `json:"external,omitempty"`
	Unmatched     []Unmatched          `json:"unmatched,omitempty"` // what is not in this backup as the database says
	Verified      *Verification        `json:"verified,omitempty"`
	// Suspect means that damage was found in it once. Later backups share none
	// of its files without reading them.
	Suspect bool       `json:"suspect,omitempty"`
	Parts   []PartInfo `json:"parts"` // the last one stored

	// What follows is not stored; List fills it in.

	Dir     string `json:"-"` // the backup's folder
	Partial bool   `json:"-"` // not whole: unfinished, or Removing
	Damaged error  `json:"-"` // why the manifest cannot be read
	// Removing means that its removal was begun. It is Partial too.
	Removing bool `json:"-"`
}

// Part returns what the manifest says of a part.
func (m *Manifest) Part(name Part) *PartInfo {
	for i := range m.Parts {
		if m.Parts[i].Name == name {
			return &m.Parts[i]
		}
	}
	return &PartInfo{Name: name, Reason: "not in the manifest"}
}

// DatabaseFile is the path of the dump, for the backup in dir.
func (m *Manifest) DatabaseFile(dir string) (string, error) {
	part := m.Part(Database)
	if !part.Included || len(part.Entries) != 1 {
		return "", fault.New("the backup "+m.ID+" holds no database", "choose one that does: `bunnyhop backup list`")
	}
	return filepath.Join(dir, part.Entries[0].Path), nil
}

// folder is the name of the backup's folder: its ID, or that with a suffix.
func (m *Manifest) folder() string { return filepath.Base(m.Dir) }

// Bytes is the size of all parts. Files shared with earlier backups count.
func (m *Manifest) Bytes() int64 {
	var n int64
	for _, part := range m.Parts {
		n += part.Bytes
	}
	return n
}

// External is a storage location that was not copied.
type External struct {
	Location string `json:"location"`
	Driver   string `json:"driver"`
	Reason   string `json:"reason,omitempty"`
}

// Verification records that the backup was restored and compared.
type Verification struct {
	Time   time.Time `json:"time"`
	Tables int       `json:"tables"`
	Rows   int64     `json:"rows"`
	// ForeignKeys are references that lead nowhere, in the backup as in the
	// database it was taken from.
	ForeignKeys []string `json:"foreign_keys,omitempty"`
}

// PartInfo says what of a part is in the backup.
type PartInfo struct {
	Name     Part      `json:"name"`
	Included bool      `json:"included"`
	Reason   string    `json:"reason,omitempty"` // why it was left out
	Files    int       `json:"files"`
	Bytes    int64     `json:"bytes"`
	Linked   int64     `json:"linked,omitempty"` // of Bytes, those shared with an earlier backup
	Folders  []Folder  `json:"folders,omitempty"`
	Skipped  []Skipped `json:"skipped,omitempty"`
	Entries  []Entry   `json:"entries,omitempty"`
}

// Folder tells where the entries below a prefix came from.
type Folder struct {
	Prefix string `json:"prefix"` // in the backup
	Dir    string `json:"dir"`    // absolute, on the machine of the backup; or the bucket
	// Driver is S3 for a bucket's objects, empty for a folder on a disk.
	Driver string `json:"driver,omitempty"`
	// Selected means that only single files of Dir are here.
	Selected bool `json:"selected,omitempty"`
}

// Skipped is something that cannot be backed up, such as a socket.
type Skipped struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
}

// EntryType says what an entry is.
type EntryType string

// The types of entries. Nothing else is ever restored.
const (
	TypeFile   EntryType = "file"
	TypeFolder EntryType = "folder"
	TypeLink   EntryType = "link" // a symbolic link
)

// Entry is one file, folder or symbolic link.
type Entry struct {
	Path   string    `json:"path"` // in the backup, with slashes
	Type   EntryType `json:"type"`
	Size   int64     `json:"size,omitempty"`
	Mode   uint32    `json:"mode"` // the twelve permission bits
	Mtime  time.Time `json:"mtime"`
	Ctime  time.Time `json:"ctime"`
	Inode  uint64    `json:"inode,omitempty"` // of a file on a disk; 0 in old backups
	UID    int       `json:"uid"`
	GID    int       `json:"gid"`
	Target string    `json:"target,omitempty"` // of a link
	SHA256 Digest    `json:"sha256,omitzero"`
	// From is the backup whose copy of the file this one shares.
	From string `json:"from,omitempty"`
	// Object is what a bucket says of a file that was an object there.
	Object *Object `json:"object,omitempty"`
}
