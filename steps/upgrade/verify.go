package upgrade

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	backups "bunnyhop/internal/backup"
	"bunnyhop/internal/database"
	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/directus"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/objectstore"
	"bunnyhop/internal/project"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/service"
	"bunnyhop/steps/site"
)

// sampled is how many stored files of each location are fetched through the
// server.
const sampled = 5

// sampledOf is how many are looked for: where most are missing, a question
// about each to a distant bucket would take long.
const sampledOf = 200

// verify looks at the running new version and compares it with what was
// there before. Any failed look is offered to be rolled back.
type verify struct {
	site   *site.Site
	models *models
}

// Check is never satisfied: what runs is looked at again.
func (v verify) Check(context.Context, *steps.Run) (steps.Proof, error) {
	return steps.Unproved("looked at again"), nil
}

// look is one thing that is verified; it returns what it saw.
type look struct {
	name string
	see  func(ctx context.Context, r *steps.Run, e *evidence) (string, error)
}

// evidence is what the looks share.
type evidence struct {
	site      *site.Site
	db        database.Database
	client    *directus.Client
	before    database.Fingerprint
	rehearsed facts.Rehearsal
	target    facts.Target
	seen      facts.Inspection
}

// looks are what is looked at of every upgrade.
var looks = []look{
	{"version", seeVersion},
	{"migrations", seeMigrations},
	{"data", seeData},
	{"access", seeAccess},
	{"extensions", seeExtensions},
	{"files", seeFiles},
	{"users", seeUsers},
}

// Do looks at everything and fails when one look does.
func (v verify) Do(ctx context.Context, r *steps.Run) error {
	e, err := v.evidence(ctx, r)
	if err != nil {
		return err
	}
	defer e.db.Close() //nolint:errcheck // read only
	looks, err := v.models.look(r, looks)
	if err != nil {
		return err
	}
	var result facts.Verification
	var failures []string
	for i, l := range looks {
		r.Progress("looking at "+l.name, "looks", int64(i), int64(len(looks)))
		detail, err := l.see(ctx, r, e)
		check := facts.Check{Name: l.name, OK: err == nil, Detail: detail}
		if err != nil {
			check.Detail = err.Error()
			failures = append(failures, l.name+": "+err.Error())
		}
		result.Checks = append(result.Checks, check)
		r.Output(l.name + ": " + check.Detail)
	}
	if err := facts.Verified.Set(r, result); err != nil {
		return err
	}
	if len(failures) > 0 {
		return fault.Newf("the new version runs, but %s", strings.Join(failures, "; ")).
			WithHint("what each look saw is in the run's journal: bunnyhop runs %s", r.ID)
	}
	r.Summary("%d looks, all good", len(looks))
	return nil
}

// Retriable says that looking again is harmless.
func (verify) Retriable() bool { return true }

func (v verify) evidence(ctx context.Context, r *steps.Run) (*evidence, error) {
	e := &evidence{site: v.site}
	var err error
	if e.rehearsed, err = facts.Rehearsed.Need(r); err != nil {
		return nil, err
	}
	if e.target, err = facts.Chosen.Need(r); err != nil {
		return nil, err
	}
	if e.seen, err = facts.Inspected.Need(r); err != nil {
		return nil, err
	}
	final, err := facts.FinalBack.Need(r)
	if err != nil {
		return nil, err
	}
	manifest, err := backups.Read(final.Dir)
	if err != nil {
		return nil, err
	}
	e.before = manifest.Fingerprint
	p, err := v.site.Open(ctx, r)
	if err != nil {
		return nil, err
	}
	if p.Config.Get("SECRET") != "" {
		if e.client, err = service.Client(ctx, r, v.site); err != nil {
			return nil, err
		}
	}
	e.db, err = v.site.Database(ctx, p, connect.ReadOnly)
	return e, err
}

func seeVersion(ctx context.Context, r *steps.Run, e *evidence) (string, error) {
	version, err := service.Version(ctx, r, e.site)
	if err != nil {
		return "", err
	}
	if version != e.target.To {
		return "", fmt.Errorf("the server says %s, not %s", version, e.target.To)
	}
	return "the server says " + version, nil
}

func seeMigrations(ctx context.Context, r *steps.Run, e *evidence) (string, error) {
	p, err := e.site.Open(ctx, r)
	if err != nil {
		return "", err
	}
	shipped, err := directus.Shipped(p.Root)
	if err != nil {
		return "", err
	}
	custom, err := directus.CustomMigrations(p.Config.MigrationsPath(e.target.To))
	if err != nil {
		return "", err
	}
	recorded, err := directus.Recorded(ctx, e.db)
	if err != nil {
		return "", err
	}
	if open := directus.Pending(shipped, custom, recorded); len(open) > 0 {
		return "", fmt.Errorf("%d are still pending, the first is %s", len(open), open[0].ID)
	}
	return fmt.Sprintf("%d recorded, none pending", len(recorded)), nil
}

// seeData compares the user tables with the final backup. The server runs
// already and people may write again, so rows that are more are no failure;
// tables and rows that are fewer are.
func seeData(ctx context.Context, r *steps.Run, e *evidence) (string, error) {
	now, err := e.db.Fingerprint(ctx, isUserTable, r)
	if err != nil {
		return "", err
	}
	migrated, _ := facts.Migrated.Get(r)
	tables, rows, changed := 0, int64(0), 0
	for name, before := range e.before.Tables {
		if !isUserTable(name) || e.rehearsed.UserChanges[name].Gone {
			continue
		}
		if reviewed, ok := migrated.Changed[name]; ok {
			before = reviewed
		}
		after, there := now.Tables[name]
		if !there {
			return "", fmt.Errorf("table %s is gone", name)
		}
		if after.Rows < before.Rows {
			return "", fmt.Errorf("table %s has %d rows, and had %d", name, after.Rows, before.Rows)
		}
		if after.Schema != before.Schema {
			return "", fmt.Errorf("table %s has another schema than before", name)
		}
		if after.Data != before.Data {
			changed++
		}
		tables++
		rows += before.Rows
	}
	if n := len(migrated.Changed); n > 0 {
		return fmt.Sprintf("%d tables, %d rows; changed as reviewed: %d tables; written to since the start: %d", tables, rows, n, changed), nil
	}
	if changed > 0 {
		return fmt.Sprintf("%d tables, %d rows; written to since the start: %d tables", tables, rows, changed), nil
	}
	return fmt.Sprintf("%d tables, %d rows, equal to before", tables, rows), nil
}

func seeAccess(_ context.Context, _ *steps.Run, e *evidence) (string, error) {
	if n := len(e.rehearsed.AccessChanges); n > 0 {
		return fmt.Sprintf("%d changes, as reviewed", n), nil
	}
	return "every role may do what it could before", nil
}

// seeFiles fetches a few stored files through the server and compares their
// sizes with those on the disk or in the bucket. Only files that are there can be asked for: one
// that was missing before the upgrade says nothing about it (VE1).
func seeFiles(ctx context.Context, r *steps.Run, e *evidence) (string, error) {
	if e.client == nil {
		return "not asked: no SECRET", nil
	}
	sizes, err := sampleFiles(ctx, r, e)
	if err != nil {
		return "", err
	}
	if len(sizes) == 0 {
		return "none can be looked at from here", nil
	}
	assets, err := e.client.AssetSample(ctx, slices.Sorted(maps.Keys(sizes)))
	if err != nil {
		return "", err
	}
	for _, a := range assets {
		if a.Size != sizes[a.ID] {
			return "", fmt.Errorf("file %s comes with %d bytes, and has %d", a.ID, a.Size, sizes[a.ID])
		}
	}
	return fmt.Sprintf("%d fetched, sizes as stored", len(assets)), nil
}

// sampleFiles picks the first files of every storage location that can be
// read here, with their sizes in bytes, by id.
func sampleFiles(ctx context.Context, r *steps.Run, e *evidence) (map[string]int64, error) {
	p, err := e.site.Open(ctx, r)
	if err != nil {
		return nil, err
	}
	sizeOf := map[string]func(name string) (int64, error){}
	for _, s := range p.Config.Storage() {
		switch {
		case s.External:
		case s.S3 != nil:
			b, err := objectstore.Open(s.S3.Config)
			if err != nil {
				return nil, err
			}
			sizeOf[s.Name] = func(name string) (int64, error) {
				o, err := b.Stat(ctx, name)
				return o.Size, err
			}
		default:
			sizeOf[s.Name] = func(name string) (int64, error) { return fileSize(filepath.Join(s.Root, filepath.FromSlash(name))) }
		}
	}
	sizes, looked, perLocation := map[string]int64{}, map[string]int{}, map[string]int{}
	for file, err := range directus.ReadFiles(ctx, e.db) {
		if err != nil {
			return nil, err
		}
		size := sizeOf[file.Storage]
		if size == nil || file.Disk == "" || perLocation[file.Storage] == sampled || looked[file.Storage] == sampledOf {
			continue
		}
		looked[file.Storage]++
		n, err := size(project.StoredName(file.Disk))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		sizes[file.ID] = n
		perLocation[file.Storage]++
	}
	return sizes, nil
}

// fileSize is the size of a regular file; anything else does not exist.
func fileSize(name string) (int64, error) {
	info, err := os.Stat(name)
	if err != nil || !info.Mode().IsRegular() {
		return 0, fs.ErrNotExist
	}
	return info.Size(), nil
}

func seeUsers(ctx context.Context, _ *steps.Run, e *evidence) (string, error) {
	users, _, err := directus.Users(ctx, e.db)
	if err != nil {
		return "", err
	}
	if users < e.seen.Users {
		return "", fmt.Errorf("%d, and there were %d", users, e.seen.Users)
	}
	return fmt.Sprintf("%d", users), nil
}
