package site

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"bunnyhop/internal/backup"
	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/directus"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/objectstore"
	"bunnyhop/internal/progress"
	"bunnyhop/internal/project"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
)

// OpenBucket opens the bucket of a storage location and proves that it can be
// read.
func OpenBucket(ctx context.Context, l project.StorageLocation) (*objectstore.Bucket, error) {
	b, err := objectstore.Open(l.S3.Config)
	if err == nil {
		err = b.Check(ctx)
	}
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fault.Wrap(err, "the storage location "+l.Name+" cannot be read",
			strings.TrimPrefix(fault.HintOf(err)+"; its settings begin with STORAGE_"+strings.ToUpper(l.Name)+"_", "; "))
	}
	return b, nil
}

// storage counts what every storage location holds and compares it with the
// rows of directus_files.
func (i Inspect) storage(ctx context.Context, r *steps.Run, p *project.Project, seen *facts.Inspection) error {
	rows := map[string]int64{}
	names := map[string]*backup.Matcher{}
	if seen.DatabaseFault == "" {
		if err := i.fileRows(ctx, p, rows, names); err != nil {
			return err
		}
	}
	for _, location := range p.Config.Storage() {
		s := facts.Storage{
			Name: location.Name, Driver: location.Driver, Root: location.Root, External: location.External, Reason: location.Reason, Rows: rows[location.Name],
		}
		if !location.External {
			names := names[location.Name]
			if names == nil {
				names = backup.NewMatcher()
			}
			if err := i.look(ctx, r, location, names, &s); err != nil {
				if !i.Broken || ctx.Err() != nil {
					return err
				}
				s.Fault = err.Error()
				r.Output("the storage location " + s.Name + " cannot be used as it is: " + s.Fault)
			}
		}
		seen.Storage = append(seen.Storage, s)
	}
	return nil
}

// look counts the files of one location.
func (i Inspect) look(ctx context.Context, r *steps.Run, location project.StorageLocation, names *backup.Matcher, s *facts.Storage) error {
	count := func(name string, size int64) {
		s.Files++
		s.Bytes += size
		if names.Have(name) {
			s.Extra++
		}
		if s.Files%500 == 0 {
			r.Progress("counting stored files", progress.Files, s.Files, 0)
		}
	}
	var err error
	if location.S3 != nil {
		s.Place = location.S3.String()
		err = objects(ctx, location, count)
	} else {
		err = walk(ctx, location.Root, count)
	}
	if err != nil {
		return err
	}
	missing := names.Missing()
	s.Missing, s.MissingNames = int64(len(missing)), backup.First(missing)
	if i.Broken && names.Rows() == 0 {
		s.Extra = 0 // nothing is known of the rows
	}
	if s.Missing > 0 {
		u := backup.Unmatched{Prefix: "storage location " + s.Name, Missing: s.Missing, Names: s.MissingNames}
		r.Output(u.String())
	}
	return nil
}

// fileRows counts the rows of each location, and takes their names.
func (i Inspect) fileRows(ctx context.Context, p *project.Project, rows map[string]int64, names map[string]*backup.Matcher) error {
	db, err := i.Site.Database(ctx, p, connect.ReadOnly)
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // read only
	for file, err := range directus.ReadFiles(ctx, db) {
		if err != nil {
			return err
		}
		rows[file.Storage]++
		if names[file.Storage] == nil {
			names[file.Storage] = backup.NewMatcher()
		}
		if file.Disk != "" {
			names[file.Storage].Want(project.StoredName(file.Disk))
		}
	}
	return nil
}

func objects(ctx context.Context, location project.StorageLocation, count func(string, int64)) error {
	b, err := OpenBucket(ctx, location)
	if err != nil {
		return err
	}
	for o, err := range b.List(ctx, "") {
		if err != nil {
			return err
		}
		count(o.Key, o.Size)
	}
	return nil
}

// walk counts the regular files under dir. A folder that cannot be read is an
// error (S7); one that does not exist holds nothing.
func walk(ctx context.Context, dir string, count func(string, int64)) error {
	if there, err := Exists(dir); err != nil || !there {
		return err
	}
	// A walk does not follow a link that it begins at.
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return fault.Wrap(err, "the folder of stored files cannot be reached", "check STORAGE_LOCATIONS and the ROOT of each location")
	}
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return fault.Wrap(err, "reading stored files", "the person who runs bunnyhop must be able to read every stored file")
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		linked := entry.Type()&fs.ModeSymlink != 0
		if !entry.Type().IsRegular() && !linked {
			return nil
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return fmt.Errorf("counting stored files: %w", err)
		}
		if linked { // what it leads to is not counted
			count(filepath.ToSlash(rel), 0)
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		count(filepath.ToSlash(rel), info.Size())
		return nil
	})
}
