package upgrade

import (
	"context"
	"path/filepath"

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/backup"
	"bunnyhop/internal/database"
	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/disk"
	"bunnyhop/internal/project"
	"bunnyhop/steps"
	"bunnyhop/steps/code"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/site"
)

// space looks whether all that the run will write fits, on every filesystem
// that it writes on (BK3). The steps look again right before they write.
func (c check) space(ctx context.Context, r *steps.Run, seen facts.Inspection) (advisory.Finding, bool, error) {
	p, err := c.site.Open(ctx, r)
	if err != nil {
		return advisory.Finding{}, false, err
	}
	target, err := facts.Chosen.Need(r)
	if err != nil {
		return advisory.Finding{}, false, err
	}
	needs, err := code.Needs(ctx, c.site, r, target)
	if err != nil {
		return advisory.Finding{}, false, err
	}
	saved, err := c.backupNeeds(r, p, seen)
	if err != nil {
		return advisory.Finding{}, false, err
	}
	needs = append(needs, saved...)
	copies, err := c.databaseNeeds(ctx, p, seen)
	if err != nil {
		return advisory.Finding{}, false, err
	}
	short, err := disk.Check(append(needs, copies...))
	if err != nil || len(short) == 0 {
		return advisory.Finding{}, false, err
	}
	f := advisory.Finding{
		ID: "disk-space", Severity: advisory.Blocker,
		Title:  "there is not enough space for the upgrade",
		Remedy: "Make room there: `bunnyhop backup prune` removes old backups, backup_folder in bunnyhop.yaml names another place for them, XDG_CACHE_HOME one for the cache. What is needed is an estimate with a reserve of a fifth.",
	}
	for _, s := range short {
		f.Evidence = append(f.Evidence, s.String())
	}
	return f, true, nil
}

// backupNeeds is what goes into the backup folder: the backup, unless it is
// made already, and the final one.
func (c check) backupNeeds(r *steps.Run, p *project.Project, seen facts.Inspection) ([]disk.Need, error) {
	folder, err := c.site.BackupFolder(p)
	if err != nil {
		return nil, err
	}
	need := func(what string, bytes int64) disk.Need {
		return disk.Need{Path: folder, What: what, Room: disk.Room{Bytes: bytes}}
	}
	needs := []disk.Need{need("the final backup of the database", seen.DatabaseBytes)}
	if made, ok := facts.BackedUp.Get(r); ok {
		if there, err := site.Exists(made.Dir); err != nil || there {
			return needs, err
		}
	}
	stored, err := newFiles(folder, p.Root, seen)
	if err != nil {
		return nil, err
	}
	return append(needs, need("the backup", seen.DatabaseBytes+stored)), nil
}

// newFiles is about how much of the stored files the last backup lacks: what
// it has is not stored again.
func newFiles(folder, root string, seen facts.Inspection) (int64, error) {
	var bytes int64
	for _, location := range seen.Storage {
		bytes += location.Bytes
	}
	all, err := backup.List(folder)
	if err != nil {
		return 0, err
	}
	for _, m := range all {
		if m.Kind == backup.Full && !m.Partial && m.Damaged == nil && m.Root == root {
			return max(0, bytes-m.Part(backup.Files).Bytes), nil
		}
	}
	return bytes, nil
}

// databaseNeeds is the room for one more copy of the database: the scratch
// copies follow one another, and so does the one that a way back restores.
func (c check) databaseNeeds(ctx context.Context, p *project.Project, seen facts.Inspection) ([]disk.Need, error) {
	need := func(path, what string) disk.Need {
		return disk.Need{Path: path, What: what, Room: disk.Room{Bytes: seen.DatabaseBytes}}
	}
	if seen.Identity.Vendor == database.SQLite {
		folder, err := c.site.BackupFolder(p)
		if err != nil {
			return nil, err
		}
		return []disk.Need{
			need(folder, "the copy of the database for the rehearsal"),
			need(filepath.Dir(seen.Identity.Name), "the database, should it be put back"),
		}, nil
	}
	db, err := c.site.Database(ctx, p, connect.ReadOnly)
	if err != nil {
		return nil, err
	}
	defer db.Close() //nolint:errcheck // read only
	dir := database.DataDirHere(ctx, db, p.Config.Database())
	if dir == "" {
		return nil, nil // on another machine, or this role may not know
	}
	return []disk.Need{need(dir, "a copy of the database on its server, for the rehearsal or for the way back")}, nil
}
