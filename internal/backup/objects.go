package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path"
	"strings"
	"time"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/objectstore"
	"bunnyhop/internal/progress"
)

// S3 is the driver of a Folder whose entries are objects of a bucket.
const S3 = "s3"

// Object is what a bucket says of an object that is stored as a file.
type Object struct {
	Key      string           `json:"key"` // below the bucket's prefix
	ETag     string           `json:"etag,omitempty"`
	Modified time.Time        `json:"modified"`
	Meta     objectstore.Meta `json:"meta,omitzero"`

	prefix string // of the folder in the backup
}

// oddFolder holds, under the digest of their keys, objects whose keys cannot
// be names of files. No file lies there under its own name.
const oddFolder = "%keys"

const (
	longestName = 255  // bytes between two slashes (Linux, NAME_MAX)
	longestPath = 2048 // bytes of a key; a path has to hold the backup's folder too
)

// plainKey says whether a key can be the path of a file as it is.
func plainKey(key string) bool {
	if len(key) > longestPath || checkPath(key) != nil {
		return false
	}
	first, _, _ := strings.Cut(key, "/")
	if first == oddFolder {
		return false
	}
	for name := range strings.SplitSeq(key, "/") {
		if len(name) > longestName {
			return false
		}
	}
	return true
}

// keyPaths gives every key a path of its own: the key where that can be one,
// else one made of its digest. A key that is also a folder of other keys
// cannot: on a disk a name is either.
func keyPaths(keys []string) []string {
	folders := map[string]bool{}
	for _, key := range keys {
		if !plainKey(key) {
			continue
		}
		for dir := path.Dir(key); dir != "." && !folders[dir]; dir = path.Dir(dir) {
			folders[dir] = true
		}
	}
	paths := make([]string, len(keys))
	for i, key := range keys {
		paths[i] = key
		if !plainKey(key) || folders[key] {
			sum := sha256.Sum256([]byte(key))
			paths[i] = oddFolder + "/" + hex.EncodeToString(sum[:])
		}
	}
	return paths
}

// objects lists a bucket into the plan.
func (s *scanned) objects(ctx context.Context, source Source, part *PartInfo, prefix string) error {
	place := source.Bucket.Config().String()
	listed, err := s.list(ctx, source, part)
	if err != nil {
		return fault.Wrap(err, "the files in "+place+" cannot be listed", fault.HintOf(err))
	}
	part.Folders = append(part.Folders, Folder{Prefix: prefix, Dir: place, Driver: S3, Selected: source.Files != nil})
	keys := make([]string, len(listed))
	for i := range listed {
		keys[i] = listed[i].Key
	}
	now := time.Now().UTC()
	folders := map[string]bool{}
	var folder func(dir string)
	folder = func(dir string) {
		if folders[dir] {
			return
		}
		if dir != prefix {
			folder(path.Dir(dir))
		}
		folders[dir] = true
		part.Entries = append(part.Entries, Entry{Path: dir, Type: TypeFolder, Mode: 0o700, Mtime: now, Ctime: now, UID: os.Getuid(), GID: os.Getgid()})
	}
	folder(prefix)
	for i, name := range keyPaths(keys) {
		o := listed[i]
		stored := path.Join(prefix, name)
		folder(path.Dir(stored))
		part.Entries = append(part.Entries, Entry{
			Path: stored, Type: TypeFile, Size: o.Size, Mode: 0o600, Mtime: o.Modified, Ctime: o.Modified, UID: os.Getuid(), GID: os.Getgid(),
			Object: &Object{Key: o.Key, ETag: o.ETag, Modified: o.Modified, prefix: prefix},
		})
		part.Files++
		s.bytes += o.Size
	}
	return nil
}

func (s *scanned) list(ctx context.Context, source Source, part *PartInfo) ([]objectstore.Object, error) {
	var listed []objectstore.Object
	add := func(o objectstore.Object) {
		if err := source.Bucket.ValidKey(o.Key); err != nil {
			part.Skipped = append(part.Skipped, Skipped{Path: fmt.Sprintf("%q", o.Key), Reason: "no object can be read by such a key: " + err.Error()})
			return
		}
		if listed = append(listed, o); len(listed)%1000 == 0 {
			s.report.Progress("listing stored files", progress.Files, int64(len(listed)), 0)
		}
	}
	for _, key := range source.Files {
		o, err := source.Bucket.Stat(ctx, key)
		if err != nil {
			return nil, err
		}
		add(o)
	}
	if source.Files != nil {
		return listed, nil
	}
	for o, err := range source.Bucket.List(ctx, "") {
		if err != nil {
			return nil, err
		}
		if source.Exclude == nil || !source.Exclude(o.Key) {
			add(o)
		}
	}
	return listed, nil
}

// name is how a person knows an entry: by its key, where it has one.
func (e *Entry) name() string {
	if e.Object != nil {
		return e.Object.Key
	}
	return e.Path
}

// objectName tells objects apart over all locations.
func (e *Entry) objectName() string { return e.Object.prefix + "\x00" + e.Object.Key }

// prefixOf is the prefix of the folder in which a path lies.
func (p *PartInfo) prefixOf(stored string) string {
	for _, folder := range p.Folders {
		if strings.HasPrefix(stored, folder.Prefix+"/") {
			return folder.Prefix
		}
	}
	return ""
}

// sameObject returns the earlier entry of an object that is what it was. Times
// are compared in seconds, which is what some answers tell.
func (b *builder) sameObject(e *Entry) *Entry {
	old := b.known[e.objectName()]
	if old == nil || old.Size != e.Size || e.Object.ETag == "" || old.Object.ETag != e.Object.ETag ||
		!old.Object.Modified.Truncate(time.Second).Equal(e.Object.Modified.Truncate(time.Second)) {
		return nil
	}
	return old
}
