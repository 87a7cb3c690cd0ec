package remote

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"bunnyhop/internal/backup"
	"bunnyhop/internal/database"
	"bunnyhop/internal/fault"
)

// Summary is what can be seen of a backup in the bucket without opening it. It
// is stored in plain, so nothing in it is a secret: no names of files, no
// tables, no settings.
type Summary struct {
	Format        int             `json:"format"`
	Digest        string          `json:"digest"` // SHA-256 of the summary with 64 zeros here
	ID            string          `json:"id"`
	Kind          string          `json:"kind"`
	Created       time.Time       `json:"created"`
	Uploaded      time.Time       `json:"uploaded"`
	Run           string          `json:"run,omitempty"`
	Project       string          `json:"project"`
	Host          string          `json:"host"`
	Root          string          `json:"root"`
	Directus      string          `json:"directus"`
	Vendor        database.Vendor `json:"vendor,omitempty"`
	ServerVersion string          `json:"server_version,omitempty"`
	Verified      *Proof          `json:"verified,omitempty"`
	Parts         []Part          `json:"parts"`
	Encrypted     bool            `json:"encrypted"`
	// Recipients are the public keys that it was encrypted to.
	Recipients []string `json:"recipients,omitempty"`
	// ManifestDigest is the digest that the manifest carries.
	ManifestDigest string `json:"manifest_digest"`
	Manifest       Sealed `json:"manifest"`
	Index          Sealed `json:"index"`
	Pieces         int    `json:"pieces"`
	StoredBytes    int64  `json:"stored_bytes"` // of all pieces; others share them

	// What follows is not stored; List fills it in.

	Damaged error `json:"-"` // why the summary cannot be read
}

// Proof is a backup.Verification without what it found.
type Proof struct {
	Time   time.Time `json:"time"`
	Tables int       `json:"tables"`
	Rows   int64     `json:"rows"`
}

// Part is a backup.PartInfo without its entries.
type Part struct {
	Name     backup.Part `json:"name"`
	Included bool        `json:"included"`
	Reason   string      `json:"reason,omitempty"`
	Files    int         `json:"files"`
	Bytes    int64       `json:"bytes"`
}

// Sealed names a sealed object and tells its size in bytes.
type Sealed struct {
	Key  string `json:"key"`
	Size int64  `json:"size"`
}

// Bytes is the size of all parts as they were backed up.
func (s *Summary) Bytes() int64 {
	var n int64
	for _, p := range s.Parts {
		n += p.Bytes
	}
	return n
}

// Described is the summary in the form of a manifest without entries, for
// whoever compares backups here and there. Its Dir is the ID.
func (s *Summary) Described() *backup.Manifest {
	m := &backup.Manifest{
		ID: s.ID, Kind: s.Kind, Created: s.Created, Run: s.Run, Project: s.Project, Root: s.Root, Directus: s.Directus,
		Vendor: s.Vendor, ServerVersion: s.ServerVersion, Dir: s.ID, Damaged: s.Damaged,
	}
	if s.Verified != nil {
		m.Verified = &backup.Verification{Time: s.Verified.Time, Tables: s.Verified.Tables, Rows: s.Verified.Rows}
	}
	for _, p := range s.Parts {
		m.Parts = append(m.Parts, backup.PartInfo{Name: p.Name, Included: p.Included, Reason: p.Reason, Files: p.Files, Bytes: p.Bytes})
	}
	return m
}

func summarise(m *backup.Manifest) *Summary {
	s := &Summary{
		Format: Format, ID: m.ID, Kind: m.Kind, Created: m.Created, Run: m.Run, Project: m.Project, Root: m.Root,
		Directus: m.Directus, Vendor: m.Vendor, ServerVersion: m.ServerVersion, ManifestDigest: m.Digest,
	}
	if m.Verified != nil {
		s.Verified = &Proof{Time: m.Verified.Time, Tables: m.Verified.Tables, Rows: m.Verified.Rows}
	}
	for _, p := range m.Parts {
		s.Parts = append(s.Parts, Part{Name: p.Name, Included: p.Included, Reason: p.Reason, Files: p.Files, Bytes: p.Bytes})
	}
	return s
}

// noDigest stands in the summary while its digest is computed.
var noDigest = strings.Repeat("0", hex.EncodedLen(sha256.Size))

func (s *Summary) encode() ([]byte, error) {
	s.Digest = noDigest
	data, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		return nil, fmt.Errorf("writing the summary: %w", err)
	}
	sum := sha256.Sum256(data)
	s.Digest = hex.EncodeToString(sum[:])
	// Only a number comes before the digest, so the first match is it.
	return bytes.Replace(data, []byte(noDigest), []byte(s.Digest), 1), nil
}

// idForm is what an ID may look like: it becomes a folder's name.
var idForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)

func summaryKey(id string) (string, error) {
	if !idForm.MatchString(id) {
		return "", fault.Newf("%q cannot be the id of a backup", id).WithCode(fault.Usage)
	}
	return summaryPrefix + id + summarySuffix, nil
}

// summaryMost is more than any summary has, in bytes.
const summaryMost = 1 << 20

func parseSummary(id string, data []byte) (*Summary, error) {
	s := &Summary{}
	if err := json.Unmarshal(data, s); err != nil {
		return nil, err
	}
	if len(s.Digest) != len(noDigest) {
		return nil, errors.New("it has no digest")
	}
	plain := bytes.Replace(data, []byte(s.Digest), []byte(noDigest), 1)
	if sum := sha256.Sum256(plain); hex.EncodeToString(sum[:]) != s.Digest {
		return nil, errors.New("it does not match its digest")
	}
	own := manifestPrefix + id + "/"
	switch {
	case s.Format > Format:
		return nil, fmt.Errorf("it was made by a newer bunnyhop (format %d, this one reads %d)", s.Format, Format)
	case s.ID != id:
		return nil, fmt.Errorf("it is of the backup %s", s.ID)
	case !strings.HasPrefix(s.Manifest.Key, own) || !strings.HasPrefix(s.Index.Key, own):
		return nil, errors.New("it names objects of others")
	}
	return s, nil
}

// Read reads the summary of a backup. That there is none is fs.ErrNotExist; one
// that is damaged is an error around a *backup.DamageError.
func Read(ctx context.Context, store Store, id string) (*Summary, error) {
	key, err := summaryKey(id)
	if err != nil {
		return nil, err
	}
	data, err := readObject(ctx, store, key, summaryMost)
	if missing(err) {
		return nil, fault.Wrap(err, "there is no backup "+id+" in the bucket", "`bunnyhop backup list` lists them").WithCode(fault.Usage)
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s from the bucket: %w", key, err)
	}
	s, err := parseSummary(id, data)
	if err != nil {
		return nil, damaged(id, backup.BadFile{Path: key, Problem: "cannot be used: " + err.Error()})
	}
	return s, nil
}

// damaged is the error about a backup with bad objects.
func damaged(id string, bad ...backup.BadFile) error {
	return fault.Wrap(&backup.DamageError{Dir: id, Bad: bad}, "the backup "+id+" in the bucket is damaged",
		"if it is also here, `bunnyhop backup upload "+id+" --reread` replaces what is bad; otherwise make a new one")
}

// List describes the backups in the bucket, newest first. One whose summary
// cannot be used has Damaged set. A bucket that cannot be read is an error.
func List(ctx context.Context, store Store) ([]*Summary, error) {
	var ids []string
	for object, err := range store.List(ctx, summaryPrefix) {
		if err != nil {
			return nil, fmt.Errorf("listing the backups in the bucket: %w", err)
		}
		id, found := strings.CutSuffix(strings.TrimPrefix(object.Key, summaryPrefix), summarySuffix)
		if found && idForm.MatchString(id) {
			ids = append(ids, id)
		}
	}
	all := make([]*Summary, len(ids))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(workers)
	for i, id := range ids {
		group.Go(func() error {
			s, err := Read(ctx, store, id)
			var bad *backup.DamageError
			switch {
			case missing(err): // removed meanwhile
				return nil
			case errors.As(err, &bad):
				s = &Summary{ID: id, Damaged: err}
			case err != nil:
				return err
			}
			all[i] = s
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(s *Summary) bool { return s == nil })
	slices.SortFunc(all, func(a, b *Summary) int {
		return cmp.Or(b.Created.Compare(a.Created), strings.Compare(b.ID, a.ID))
	})
	return all, nil
}

// Remove takes a backup out of the bucket. It counts no more once its summary
// is gone, which goes first. Its pieces go with the next Collect, where no
// other backup needs them.
func Remove(ctx context.Context, store Store, id string) error {
	key, err := summaryKey(id)
	if err != nil {
		return err
	}
	if err := store.Remove(ctx, key); err != nil && !missing(err) {
		return fmt.Errorf("removing %s from the bucket: %w", key, err)
	}
	if gone, err := removed(ctx, store, id); !gone {
		if err == nil {
			err = errors.New("it is still there")
		}
		return fmt.Errorf("removing %s from the bucket: %w", key, err)
	}
	return removeManifests(ctx, store, id, func(string) bool { return false })
}

// removed reports whether a backup is not in the bucket any more.
func removed(ctx context.Context, store Store, id string) (bool, error) {
	key, err := summaryKey(id)
	if err != nil {
		return false, err
	}
	if _, err = store.Stat(ctx, key); missing(err) {
		return true, nil
	}
	return false, err
}

// removeManifests removes the manifests and indexes of a backup but those that
// are kept.
func removeManifests(ctx context.Context, store Store, id string, keep func(key string) bool) error {
	var old []string
	for object, err := range store.List(ctx, manifestPrefix+id+"/") {
		if err != nil {
			return fmt.Errorf("listing the manifests in the bucket: %w", err)
		}
		if !keep(object.Key) {
			old = append(old, object.Key)
		}
	}
	for _, key := range old {
		if err := store.Remove(ctx, key); err != nil && !missing(err) {
			return fmt.Errorf("removing %s from the bucket: %w", key, err)
		}
	}
	return nil
}
