package upgrade

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"time"

	"bunnyhop/internal/backup"
	"bunnyhop/internal/database"
	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/directus"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
	"bunnyhop/internal/project"
	"bunnyhop/internal/server"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/site"
)

// bootWithin is how long the copy's server may take to answer.
const bootWithin = 3 * time.Minute

// rehearse migrates the restored copy with the staged code, boots it with
// every side effect off, and reads what came out.
type rehearse struct {
	site   *site.Site
	models *models
}

// Check proves that the rehearsal was of this backup and this stage.
func (h rehearse) Check(_ context.Context, r *steps.Run) (steps.Proof, error) {
	done, ok := facts.Rehearsed.Get(r)
	made, backedUp := facts.BackedUp.Get(r)
	stage, staged := facts.Staged.Get(r)
	if !ok || !backedUp || !staged || done.Backup != made.ID || done.Stage != stage.Key {
		return steps.Unproved("this backup was not rehearsed with this code"), nil
	}
	if !h.models.rehearsed(r) {
		return steps.Unproved("the data models of before and after were not kept"), nil
	}
	return steps.Proved("%d migrations in %.1f s", len(done.Migrations), done.MigrateSeconds), nil
}

// copyOf is a rehearsal in progress.
type copyOf struct {
	place  connect.Scratch
	dir    string
	config database.Config
	plan   directus.Rehearsal
	path   string // of the configuration file
	cli    directus.CLI
	token  string
	before database.Fingerprint
	access *directus.AccessMatrix
	rows   int // permissions before
	roles  int
	// dangling counts the references that led nowhere before.
	dangling int
	out      facts.Rehearsal
}

// Do rehearses.
func (h rehearse) Do(ctx context.Context, r *steps.Run) error {
	c, err := h.prepare(ctx, r)
	if err != nil {
		return err
	}
	if err := h.migrate(ctx, r, c); err != nil {
		return h.explain(blamed(err, c))
	}
	err = c.onCopy(ctx, func(db database.Database) error { return h.models.readAfter(ctx, r, db) })
	if err != nil {
		return h.explain(err)
	}
	if err := h.boot(ctx, r, c); err != nil {
		return h.explain(err)
	}
	if err := facts.Rehearsed.Set(r, c.out); err != nil {
		return err
	}
	r.Summary("%d migrations in %.1f s, boot %.1f s", len(c.out.Migrations), c.out.MigrateSeconds, c.out.BootSeconds)
	if h.models.from != nil { // the decisions are tried on it
		h.models.copied = c
		return nil
	}
	return connect.DropScratch(ctx, c.place)
}

// blamed says where a failed migration comes from, and what to do.
func blamed(err error, c *copyOf) error {
	var failed *directus.MigrateError
	if !errors.As(err, &failed) {
		return err
	}
	return fault.Wrap(err, "", origin(failed, c.out.Pending)+"mend the cause, then `bunnyhop resume` rehearses again; output.log in the run's folder has all that it said")
}

func (h rehearse) explain(err error) error {
	return &fault.Error{
		What: "the rehearsal on the copy failed", Err: err, Hint: fault.HintOf(err), Code: fault.CodeOf(err),
		State: "only the copy saw this; the live project is as it was and was not stopped",
	}
}

func (h rehearse) prepare(ctx context.Context, r *steps.Run) (*copyOf, error) {
	p, err := h.site.Open(ctx, r)
	if err != nil {
		return nil, err
	}
	made, err := facts.BackedUp.Need(r)
	if err != nil {
		return nil, err
	}
	stage, err := facts.Staged.Need(r)
	if err != nil {
		return nil, err
	}
	scratch, err := h.site.Scratch(p, r, "rehearsal")
	if err != nil {
		return nil, err
	}
	c := &copyOf{place: scratch, dir: scratch.Dir, out: facts.Rehearsal{Backup: made.ID, Stage: stage.Key}}
	if err := os.RemoveAll(c.dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return nil, err
	}
	manifest, err := backup.Read(made.Dir)
	if err != nil {
		return nil, err
	}
	dump, err := manifest.DatabaseFile(made.Dir)
	if err != nil {
		return nil, err
	}
	c.before = manifest.Fingerprint
	if err := h.site.RoomForCopy(ctx, r, scratch); err != nil {
		return nil, err
	}
	if c.config, err = connect.RestoreScratch(ctx, scratch, dump, r); err != nil {
		return nil, err
	}
	if err := h.readBefore(ctx, r, c); err != nil {
		return nil, err
	}
	if err := h.configure(ctx, r, p, c, stage); err != nil {
		return nil, err
	}
	return c, nil
}

func (h rehearse) readBefore(ctx context.Context, r *steps.Run, c *copyOf) error {
	db, err := connect.Open(ctx, c.config, connect.ReadOnly)
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // read only
	var unsound *database.IntegrityError
	if err := db.Integrity(ctx); errors.As(err, &unsound) {
		c.dangling = len(unsound.ForeignKeys)
	} else if err != nil {
		return err
	}
	if c.access, err = directus.ReadAccess(ctx, db); err != nil {
		return err
	}
	if c.roles, err = directus.CountRoles(ctx, db); err != nil {
		return err
	}
	c.rows = int(c.before.Tables["directus_permissions"].Rows)
	return h.models.readBefore(ctx, r, db)
}

func (h rehearse) configure(ctx context.Context, r *steps.Run, p *project.Project, c *copyOf, stage facts.Stage) error {
	extensions := ""
	if path := p.Config.ExtensionsPath(); path != "" {
		if there, err := site.Exists(path); err != nil {
			return err
		} else if there {
			extensions = filepath.Join(c.dir, "extensions")
			if err := copyExtensions(ctx, path, extensions); err != nil {
				return err
			}
		}
	}
	port, err := server.FreePort()
	if err != nil {
		return err
	}
	c.plan = directus.Rehearsal{
		Values: p.Config.All(), Root: p.Root, Dir: c.dir, Database: p.Config.DatabaseValues(c.config), Port: port, ExtensionsCopy: extensions,
	}
	c.path = filepath.Join(c.dir, "rehearsal.json")
	if err := c.plan.Write(c.path); err != nil {
		return err
	}
	c.out.SideEffectsOff = c.plan.Notes()
	runtime := stage.Runtime()
	c.cli = directus.CLI{
		Node: stage.Node, Tree: stage.Dir, Dir: stage.Dir, Redact: r.Redact,
		Environ: c.plan.Environ(runtime.Environ(h.site.Environ()), c.path),
	}
	if c.token, err = directus.NewToken(); err != nil {
		return err
	}
	r.HideSecrets([]string{c.token})
	return nil
}

func (h rehearse) migrate(ctx context.Context, r *steps.Run, c *copyOf) error {
	expected, err := h.expected(ctx, r, c)
	if err != nil {
		return err
	}
	began, each := time.Now(), &timed{}
	show := applied(r, len(expected))
	if err := c.cli.MigrateLatest(ctx, func(title string, n int) { each.begin(title, time.Now()); show(title, n) }, r); err != nil {
		return err
	}
	c.out.At = time.Now().UTC()
	c.out.MigrateSeconds, c.out.Times = time.Since(began).Seconds(), each.each(c.out.Pending, c.out.At)
	db, err := connect.Open(ctx, c.config, connect.ReadOnly)
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // read only
	if c.out.Recorded, err = directus.Recorded(ctx, db); err != nil {
		return err
	}
	for _, id := range expected {
		if !slices.Contains(c.out.Recorded, id) {
			return fault.Newf("migration %s was due and is not recorded after migrating", id)
		}
		c.out.Migrations = append(c.out.Migrations, id)
	}
	if err := soundAs(ctx, db, c.dangling); err != nil {
		return err
	}
	return h.compare(ctx, r, c, db)
}

// soundAs has the database check itself. References that led nowhere before
// may go on doing so; the person was told of them and passed the finding.
func soundAs(ctx context.Context, db database.Database, dangling int) error {
	err := db.Integrity(ctx)
	var unsound *database.IntegrityError
	if errors.As(err, &unsound) && len(unsound.Damage) == 0 && len(unsound.ForeignKeys) <= dangling {
		return nil
	}
	return err
}

// expected lists the ids that the staged code and the project's own folder
// hold and the copy does not record.
func (h rehearse) expected(ctx context.Context, r *steps.Run, c *copyOf) ([]string, error) {
	p, err := h.site.Open(ctx, r)
	if err != nil {
		return nil, err
	}
	stage, err := facts.Staged.Need(r)
	if err != nil {
		return nil, err
	}
	shipped, err := directus.Shipped(c.cli.Tree)
	if err != nil {
		return nil, err
	}
	custom, err := directus.CustomMigrations(p.Config.MigrationsPath(stage.Version))
	if err != nil {
		return nil, err
	}
	if err := directus.CheckCollisions(shipped, custom); err != nil {
		return nil, err
	}
	db, err := connect.Open(ctx, c.config, connect.ReadOnly)
	if err != nil {
		return nil, err
	}
	defer db.Close() //nolint:errcheck // read only
	recorded, err := directus.Recorded(ctx, db)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, m := range directus.Pending(shipped, custom, recorded) {
		ids = append(ids, m.ID)
		c.out.Pending = append(c.out.Pending, m)
	}
	return ids, nil
}

// compare looks at what the migrations did to data and access.
func (h rehearse) compare(ctx context.Context, r *steps.Run, c *copyOf, db database.Database) error {
	if slices.Contains(c.out.Migrations, policiesMigration) {
		if err := directus.CheckPolicies(ctx, db, c.roles, c.rows); err != nil {
			return err
		}
	}
	after, err := db.Fingerprint(ctx, nil, r)
	if err != nil {
		return err
	}
	if c.out.UserChanges, err = userChanges(c.before, after, c.out.Pending); err != nil {
		return err
	}
	c.out.System = facts.SystemSchema(after, directus.SystemTable)
	access, err := directus.ReadAccess(ctx, db)
	if err != nil {
		return err
	}
	c.out.AccessChanges = c.access.Diff(access)
	return nil
}

// policiesMigration is the step to 11.0 that records success on a second run
// without having done its work (MG2).
const policiesMigration = "20240806A"

// applied reports each migration as it begins.
func applied(r progress.Reporter, total int) func(string, int) {
	return func(title string, n int) {
		r.Progress(title, progress.Steps, int64(n), int64(max(total, n)))
	}
}
