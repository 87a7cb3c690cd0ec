package backup

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"bunnyhop/internal/backup"
	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/directus"
	"bunnyhop/internal/project"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/site"
)

// Full is the step that backs up the four parts of a project: database,
// stored files, extensions and configuration. The server may go on running.
type Full struct {
	Site *site.Site
	// Without names parts that the person chose to leave out.
	Without []string
}

// Check proves that the backup's bytes are what its manifest says.
func (f Full) Check(ctx context.Context, r *steps.Run) (steps.Proof, error) {
	made, ok := facts.BackedUp.Get(r)
	if !ok {
		return steps.Unproved("no backup was finished"), nil
	}
	if err := backup.Verify(ctx, made.Dir, r); err != nil {
		if ctx.Err() != nil {
			return steps.Proof{}, ctx.Err()
		}
		return steps.Unproved("the backup is not intact: %v", backup.Unprove(made.Dir, err)), nil
	}
	return steps.Proved("%s, digests checked", Size(made.Bytes)), nil
}

// Do makes the backup.
func (f Full) Do(ctx context.Context, r *steps.Run) error {
	p, err := f.Site.Open(ctx, r)
	if err != nil {
		return err
	}
	sources, external, err := f.sources(ctx, r, p)
	if err != nil {
		return err
	}
	manifest, dir, err := create(ctx, r, f.Site, p, creation{
		kind: backup.Full, sources: sources, external: external, left: f.Without,
	})
	if err != nil {
		return err
	}
	made := Describe(manifest, dir)
	for _, warning := range made.Warnings {
		r.Output(warning)
	}
	r.Summary("%s", Size(made.Bytes))
	return facts.BackedUp.Set(r, made)
}

func (f Full) sources(ctx context.Context, r *steps.Run, p *project.Project) ([]backup.Source, []backup.External, error) {
	var sources []backup.Source
	var external []backup.External
	if !slices.Contains(f.Without, string(backup.Files)) {
		var err error
		if sources, external, err = f.stored(ctx, r, p); err != nil {
			return nil, nil, err
		}
	}
	if !slices.Contains(f.Without, string(backup.Extensions)) {
		sources = append(sources, backup.Source{
			Part: backup.Extensions, Dir: p.Config.ExtensionsPath(), Prefix: "extensions", Exclude: isNodeModules, Optional: true,
		})
	}
	if !slices.Contains(f.Without, string(backup.Config)) {
		sources = append(sources, configuration(p)...)
		// How the server is run, with its environment: without it a restored
		// project may not start again.
		sources = append(sources, backup.Source{
			Part: backup.Config, Dir: r.Dir, Prefix: filepath.Join("config", "run"), Files: []string{"service.json"},
		})
	}
	return sources, external, nil
}

// isNodeModules leaves installed packages of extensions out: their lockfile
// brings them back, and they may be larger than everything else.
func isNodeModules(rel string) bool {
	return slices.Contains(strings.Split(filepath.ToSlash(rel), "/"), "node_modules")
}

// configuration lists the files that make the code run, and the folders of
// custom migrations and mail templates.
func configuration(p *project.Project) []backup.Source {
	names := []string{
		"package.json", "package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "pnpm-workspace.yaml", "yarn.lock",
		".npmrc", ".yarnrc", ".yarnrc.yml", ".nvmrc", ".node-version", "bunnyhop.yaml", "ecosystem.config.js", "ecosystem.config.cjs",
	}
	present := []string{} // nil would mean the whole folder
	for _, name := range names {
		if there, err := site.Exists(filepath.Join(p.Root, name)); err == nil && there {
			present = append(present, name)
		}
	}
	sources := []backup.Source{{Part: backup.Config, Dir: p.Root, Prefix: filepath.Join("config", "project"), Files: present}}
	if path := p.Config.Path; path != "" {
		if there, err := site.Exists(path); err == nil && there {
			sources = append(sources, backup.Source{
				Part: backup.Config, Dir: filepath.Dir(path), Prefix: filepath.Join("config", "environment"), Files: []string{filepath.Base(path)},
			})
		}
	}
	for prefix, dir := range map[string]string{"migrations": p.Config.MigrationsPath(p.Installed), "templates": p.Config.TemplatesPath(p.Installed)} {
		// Before 10.10 both lie inside the extensions folder and are there already.
		if inside(p.Config.ExtensionsPath(), dir) {
			continue
		}
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			sources = append(sources, backup.Source{Part: backup.Config, Dir: dir, Prefix: filepath.Join("config", prefix)})
		}
	}
	return sources
}

func inside(parent, child string) bool {
	rel, err := filepath.Rel(parent, child)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// creation says what one backup is to hold.
type creation struct {
	kind     string
	suffix   string
	sources  []backup.Source
	external []backup.External
	left     []string
}

func create(ctx context.Context, r *steps.Run, s *site.Site, p *project.Project, c creation) (*backup.Manifest, string, error) {
	folder, err := s.BackupFolder(p)
	if err != nil {
		return nil, "", err
	}
	db, err := s.Database(ctx, p, connect.ReadOnly)
	if err != nil {
		return nil, "", err
	}
	defer db.Close() //nolint:errcheck // read only
	id, err := freeID(folder, r.ID+c.suffix)
	if err != nil {
		return nil, "", err
	}
	options := backup.Options{
		Folder: folder, ID: id, Kind: c.kind, Run: r.ID,
		Project: p.Name, Root: p.Root, Directus: p.Installed,
		Database: db, Sources: c.sources, External: c.external, Omitted: map[backup.Part]string{},
	}
	if options.Migrations, err = directus.Recorded(ctx, db); err != nil {
		return nil, "", err
	}
	for _, name := range c.left {
		options.Omitted[backup.Part(name)] = "left out on request"
	}
	if c.kind == backup.Full {
		options.Stored = stored(db)
	}
	if options.Previous, err = previous(folder); err != nil {
		return nil, "", err
	}
	manifest, err := backup.Create(ctx, options, r)
	if err != nil {
		return nil, "", err
	}
	return manifest, filepath.Join(folder, manifest.ID), nil
}

// freeID is an ID, or one like it that no backup has: a run may have found its
// backup damaged, or been killed right before it could write down that there
// is one. What is there stays as it is.
func freeID(folder, id string) (string, error) {
	for n, free := 2, id; ; n++ {
		if there, err := site.Exists(filepath.Join(folder, free)); err != nil || !there {
			return free, err
		}
		free = fmt.Sprintf("%s-%d", id, n)
	}
}

// previous is the newest backup whose files need not be stored again.
func previous(folder string) (*backup.Manifest, error) {
	all, err := backup.List(folder)
	if err != nil {
		return nil, err
	}
	var newest *backup.Manifest
	for _, m := range all {
		if m.Kind == backup.Full && !m.Partial && m.Damaged == nil && (newest == nil || m.Created.After(newest.Created)) {
			newest = m
		}
	}
	return newest, nil
}

// Describe turns a manifest into the fact that screens show.
func Describe(m *backup.Manifest, dir string) facts.Backup {
	made := facts.Backup{ID: m.ID, Dir: dir}
	for _, part := range m.Parts {
		made.Parts = append(made.Parts, facts.BackupPart{
			Name: string(part.Name), Included: part.Included, Reason: part.Reason, Files: part.Files, Bytes: part.Bytes,
		})
		made.Bytes += part.Bytes
	}
	made.Warnings = warnings(m)
	return made
}

// Size writes a number of bytes for people.
func Size(bytes int64) string {
	const unit = 1000
	if bytes < unit {
		return fmt.Sprintf("%d B", bytes)
	}
	value, exponent := float64(bytes)/unit, 0
	for value >= unit && exponent < 4 {
		value /= unit
		exponent++
	}
	return fmt.Sprintf("%.1f %cB", value, "kMGTP"[exponent])
}
