package backup

import (
	"context"
	"fmt"
	"iter"
	"path"
	"strings"

	"bunnyhop/internal/backup"
	"bunnyhop/internal/directus"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/objectstore"
	"bunnyhop/internal/project"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/site"
)

// Prefix is where a backup holds the files of a storage location.
func Prefix(location string) string { return path.Join("files", location) }

// stored lists the storage locations as sources, and those that cannot be
// copied.
func (f Full) stored(ctx context.Context, r *steps.Run, p *project.Project) ([]backup.Source, []backup.External, error) {
	seen, err := facts.Inspected.Need(r)
	if err != nil {
		return nil, nil, err
	}
	rows := map[string]int64{}
	for _, s := range seen.Storage {
		rows[s.Name] = s.Rows
	}
	var sources []backup.Source
	var external []backup.External
	for _, location := range p.Config.Storage() {
		if location.External {
			external = append(external, backup.External{
				Location: location.Name, Driver: location.Driver,
				Reason: fmt.Sprintf("%s; %d rows of directus_files", location.Reason, rows[location.Name]),
			})
			continue
		}
		source := backup.Source{Part: backup.Files, Dir: location.Root, Prefix: Prefix(location.Name), Optional: true}
		if location.S3 != nil {
			source.Dir = ""
			if source.Bucket, err = site.OpenBucket(ctx, location); err != nil {
				return nil, nil, err
			}
			if source.Exclude, err = f.copies(location.S3.Config); err != nil {
				return nil, nil, err
			}
		}
		sources = append(sources, source)
	}
	return sources, external, nil
}

// copies tells the keys of a storage location that are copies of backups, where
// those go to the same bucket: each backup would hold all the others.
func (f Full) copies(c objectstore.Config) (func(string) bool, error) {
	settings, err := Settings(f.Site.Options())
	if err != nil || settings.Bucket == nil {
		return nil, err
	}
	b := settings.Bucket
	host := func(endpoint string) string {
		_, rest, _ := strings.Cut(endpoint, "://")
		return strings.ToLower(strings.TrimRight(rest, "/"))
	}
	if b.Name != c.Bucket || host(b.Endpoint) != host(c.Endpoint) {
		return nil, nil
	}
	if b.Prefix == "" {
		return nil, fault.Newf("copies of backups go into the same bucket (%s) as the stored files, and among them", b).
			WithHint("name a prefix of their own in %s", settings.Path).WithCode(fault.Usage)
	}
	root := ""
	if c.Prefix != "" {
		root = c.Prefix + "/"
	}
	return func(key string) bool { return strings.HasPrefix(root+key, b.Prefix+"/") }, nil
}

// stored yields what the database says is stored.
func stored(db directus.Database) func(context.Context) iter.Seq2[backup.StoredFile, error] {
	return func(ctx context.Context) iter.Seq2[backup.StoredFile, error] {
		return func(yield func(backup.StoredFile, error) bool) {
			for file, err := range directus.ReadFiles(ctx, db) {
				f := backup.StoredFile{Prefix: Prefix(file.Storage)}
				if file.Disk != "" {
					f.Name = project.StoredName(file.Disk)
				}
				if !yield(f, err) || err != nil {
					return
				}
			}
		}
	}
}

// warnings are what a person has to know of what a backup lacks.
func warnings(m *backup.Manifest) []string {
	var all []string
	for _, u := range m.Unmatched {
		if u.Missing > 0 {
			all = append(all, u.String())
		}
	}
	skipped := m.Part(backup.Files).Skipped
	for i, s := range skipped {
		if i == namedSkipped {
			all = append(all, fmt.Sprintf("%d more stored files were not copied", len(skipped)-i))
			break
		}
		all = append(all, fmt.Sprintf("%s was not copied: %s", s.Path, s.Reason))
	}
	for _, e := range m.External {
		all = append(all, fmt.Sprintf("storage location %s (%s) was not copied: %s", e.Location, e.Driver, e.Reason))
	}
	return all
}

// namedSkipped is how many files that were not copied are named.
const namedSkipped = 10
