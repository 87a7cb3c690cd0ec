package restore

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	backups "bunnyhop/internal/backup"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/objectstore"
	"bunnyhop/steps"
	"bunnyhop/steps/backup"
	"bunnyhop/steps/site"
)

// Objects is what a restore did to buckets.
type Objects struct {
	// Saved are the folders of backups of what was overwritten, the earliest
	// first. Written before anything is.
	Saved []string `json:"saved,omitempty"`
	Put   int      `json:"put"` // how many objects were put back
}

var objects = steps.NewSlot[Objects]("restored_objects")

// storedBucket is a storage location that is put back object by object. Other
// objects in the bucket stay as they are, whatever they are (S5).
type storedBucket struct {
	name    string
	prefix  string // in the backup
	bucket  *objectstore.Bucket
	options objectstore.PutOptions
}

// buckets opens the storage locations in buckets that the backup in dir holds
// something of.
func buckets(ctx context.Context, r *steps.Run, s *site.Site, dir string) ([]storedBucket, error) {
	p, err := s.Open(ctx, r)
	if err != nil {
		return nil, err
	}
	manifest, err := backups.Read(dir)
	if err != nil {
		return nil, err
	}
	var all []storedBucket
	for _, location := range p.Config.Storage() {
		if location.S3 == nil {
			continue
		}
		prefix := backup.Prefix(location.Name)
		if !slices.ContainsFunc(manifest.Part(backups.Files).Folders, func(f backups.Folder) bool { return f.Prefix == prefix }) {
			r.Output("the backup holds nothing of the storage location " + location.Name)
			continue
		}
		b, err := site.OpenBucket(ctx, location)
		if err != nil {
			return nil, err
		}
		all = append(all, storedBucket{name: location.Name, prefix: prefix, bucket: b, options: location.S3.Put})
	}
	return all, nil
}

// foretell says what putting back would do to buckets.
func foretell(ctx context.Context, r *steps.Run, s *site.Site, dir string) ([]string, error) {
	all, err := buckets(ctx, r, s, dir)
	if err != nil {
		return nil, err
	}
	var lines []string
	var present int64
	for _, b := range all {
		diff, err := backups.CompareObjects(ctx, dir, b.prefix, b.bucket, r)
		if err != nil {
			return nil, err
		}
		for _, o := range diff.Present {
			present += o.Size
		}
		lines = append(lines, fmt.Sprintf("storage location %s (%s): missing and put back: %d, different and overwritten (saved first): %d, the same: %d, others, which stay: %d",
			b.name, b.bucket.Config(), len(diff.Missing), len(diff.Different), diff.Same, diff.Others))
		if n := len(diff.Refused); n > 0 {
			lines = append(lines, fmt.Sprintf("not put back, since the key leads out of its folder: %d (the first is %q)", n, diff.Refused[0]))
		}
	}
	if present == 0 {
		return lines, nil
	}
	p, err := s.Open(ctx, r)
	if err != nil {
		return nil, err
	}
	folder, err := s.BackupFolder(p)
	if err != nil {
		return nil, err
	}
	return lines, backups.Need(folder, present)
}

// putObjects puts objects back that are missing or differ, after saving those
// that it overwrites. Killed in between, it goes on where it was.
func (f files) putObjects(ctx context.Context, r *steps.Run) (int, error) {
	from, err := source.Need(r)
	if err != nil || !from.has(backups.Files) {
		return 0, err
	}
	all, err := buckets(ctx, r, f.site, from.Dir)
	if err != nil {
		return 0, err
	}
	diffs := make([]*backups.ObjectDiff, len(all))
	for i, b := range all {
		if diffs[i], err = backups.CompareObjects(ctx, from.Dir, b.prefix, b.bucket, r); err != nil {
			return 0, err
		}
	}
	done, _ := objects.Get(r)
	if done.Saved, err = f.saveObjects(ctx, r, all, diffs); err != nil {
		return 0, err
	}
	if err := objects.Set(r, done); err != nil {
		return 0, err
	}
	for i, b := range all {
		if diffs[i].None() {
			continue
		}
		if err := backups.RestoreObjects(ctx, from.Dir, b.prefix, b.bucket, diffs[i], b.options, r); err != nil {
			return 0, err
		}
		done.Put += len(diffs[i].Missing) + len(diffs[i].Different)
	}
	return done.Put, objects.Set(r, done)
}

// saveObjects makes a backup of those objects that will be overwritten and are
// in none that this run made before.
func (f files) saveObjects(ctx context.Context, r *steps.Run, all []storedBucket, diffs []*backups.ObjectDiff) ([]string, error) {
	p, err := f.site.Open(ctx, r)
	if err != nil {
		return nil, err
	}
	folder, err := f.site.BackupFolder(p)
	if err != nil {
		return nil, err
	}
	saved, have, id, err := savedObjects(folder, r.ID)
	if err != nil {
		return nil, err
	}
	var sources []backups.Source
	for i, b := range all {
		var keys []string
		for _, o := range diffs[i].Present {
			if !have[version(b.prefix, o.Key, o.ETag)] {
				keys = append(keys, o.Key)
			}
		}
		if keys != nil {
			sources = append(sources, backups.Source{Part: backups.Files, Prefix: b.prefix, Bucket: b.bucket, Files: keys})
		}
	}
	if sources == nil {
		return saved, nil
	}
	m, err := backups.Create(ctx, backups.Options{
		Folder: folder, ID: id, Kind: backups.Saved, Run: r.ID, Project: p.Name, Root: p.Root, Directus: p.Installed, Sources: sources,
		Omitted: map[backups.Part]string{backups.Database: "only stored objects are saved here"},
	}, r)
	if err != nil {
		return nil, err
	}
	r.Output(fmt.Sprintf("what is overwritten is saved in %s (objects: %d)", m.Dir, m.Part(backups.Files).Files))
	return append(saved, m.Dir), nil
}

func version(prefix, key, etag string) string { return prefix + "\x00" + key + "\x00" + etag }

// savedObjects finds what earlier tries of this run saved, and names the next.
func savedObjects(folder, run string) (saved []string, have map[string]bool, next string, err error) {
	have = map[string]bool{}
	for n := 1; ; n++ {
		next = run + "-before-restore-files"
		if n > 1 {
			next = fmt.Sprintf("%s-%d", next, n)
		}
		dir := filepath.Join(folder, next)
		there, err := site.Exists(filepath.Join(dir, "manifest.json"))
		if err != nil || !there {
			return saved, have, next, err
		}
		m, err := backups.Read(dir)
		if err != nil {
			return nil, nil, "", err
		}
		saved = append(saved, dir)
		part := m.Part(backups.Files)
		for _, e := range part.Entries {
			if e.Object == nil {
				continue
			}
			for _, f := range part.Folders {
				if strings.HasPrefix(e.Path, f.Prefix+"/") {
					have[version(f.Prefix, e.Object.Key, e.Object.ETag)] = true
				}
			}
		}
	}
}

// objectsAreBack looks whether the buckets hold all that the backup does.
func (f files) objectsAreBack(ctx context.Context, r *steps.Run) (steps.Proof, error) {
	from, err := source.Need(r)
	if err != nil {
		return steps.Proof{}, err
	}
	if !from.has(backups.Files) {
		return steps.Proved("no stored files are put back"), nil
	}
	all, err := buckets(ctx, r, f.site, from.Dir)
	if err != nil {
		return steps.Proof{}, err
	}
	for _, b := range all {
		diff, err := backups.CompareObjects(ctx, from.Dir, b.prefix, b.bucket, r)
		if err != nil {
			return steps.Proof{}, err
		}
		if !diff.None() {
			return steps.Unproved("%d objects of %s are not back", len(diff.Missing)+len(diff.Different), b.name), nil
		}
	}
	return steps.Proved("%d buckets compared", len(all)), nil
}

// takeObjectsBack puts what was overwritten back, the first state last. What
// was only added stays: nothing in a bucket is ever removed (S5).
func (f files) takeObjectsBack(ctx context.Context, r *steps.Run) error {
	done, ok := objects.Get(r)
	if !ok {
		return nil
	}
	for _, dir := range slices.Backward(done.Saved) {
		all, err := buckets(ctx, r, f.site, dir)
		if err != nil {
			return fault.Wrap(err, "putting overwritten objects back", "they are saved in "+dir+": bunnyhop restore "+dir+" --parts files")
		}
		for _, b := range all {
			diff, err := backups.CompareObjects(ctx, dir, b.prefix, b.bucket, r)
			if err == nil {
				err = backups.RestoreObjects(ctx, dir, b.prefix, b.bucket, diff, b.options, r)
			}
			if err != nil {
				return fault.Wrap(err, "putting overwritten objects back", "they are saved in "+dir)
			}
		}
	}
	if done.Put > 0 {
		r.Output("objects that were missing and came back stay in their bucket: bunnyhop removes none")
	}
	return nil
}
