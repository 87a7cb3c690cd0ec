package site

import (
	"context"
	"maps"
	"slices"

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/backup"
	"bunnyhop/internal/database"
	"bunnyhop/internal/project"
	"bunnyhop/internal/systemschema"
)

// HalfDone says which migrations of a database are half-way; nothing for a
// whole one. Such a database is of no version: what is counted in it may fail.
// Backups are those that may lead out of it.
func HalfDone(ctx context.Context, db database.Database, recorded []string, backups []advisory.Backup) ([]advisory.HalfDoneMigration, error) {
	tables, err := systemschema.Read(ctx, db)
	if err != nil {
		return nil, err
	}
	return advisory.HalfDone(ctx, advisory.Input{Vendor: string(db.Vendor()), DB: db, Recorded: recorded, System: tables, Backups: backups})
}

// Backups are those of the project's folder of backups that hold its database.
func (s *Site) Backups(p *project.Project) ([]advisory.Backup, error) {
	folder, err := s.BackupFolder(p)
	if err != nil {
		return nil, err
	}
	if there, err := Exists(folder); err != nil || !there {
		return nil, err
	}
	all, err := backup.List(folder)
	if err != nil {
		return nil, err
	}
	var usable []advisory.Backup
	for _, m := range all {
		if m.Partial || m.Damaged != nil || m.Root != p.Root || !m.Part(backup.Database).Included {
			continue
		}
		usable = append(usable, advisory.Backup{
			ID: m.ID, Created: m.Created, Directus: m.Directus, Migrations: m.Migrations,
			Tables: slices.Sorted(maps.Keys(m.Fingerprint.Tables)),
		})
	}
	return usable, nil
}
