package site

import (
	"context"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/database"
	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/directus"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/project"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
)

// Inspect is the step that looks at the project and records what it is. It
// only reads.
type Inspect struct {
	Site *Site
	// Broken goes on with a database that cannot be opened or is not
	// Directus', as before restoring one: the fact says what is wrong with it.
	Broken bool
}

// Check is never satisfied: looking again is the proof.
func (i Inspect) Check(context.Context, *steps.Run) (steps.Proof, error) {
	return steps.Unproved("looked at again"), nil
}

// Do looks.
func (i Inspect) Do(ctx context.Context, r *steps.Run) error {
	i.Site.Forget()
	p, err := i.Site.Open(ctx, r)
	if err != nil {
		return err
	}
	if p.Installed == "" {
		return fault.New("Directus is declared in package.json but not installed in node_modules",
			"install the present version first, with the project's own package manager")
	}
	seen := facts.Inspection{
		Name: p.Name, Root: p.Root, Installation: string(p.Manager),
		Installed: p.Installed, Declared: p.Declared, Storage: []facts.Storage{}, Extensions: []facts.Extension{},
	}
	i.server(ctx, p, &seen)
	if err := i.database(ctx, r, p, &seen); err != nil {
		if !i.Broken || ctx.Err() != nil || fault.CodeOf(err) == fault.Blocked {
			return err
		}
		seen.DatabaseFault, seen.Recorded = err.Error(), nil
		r.Output("the database cannot be used as it is: " + seen.DatabaseFault)
	}
	if err := i.storage(ctx, r, p, &seen); err != nil {
		return err
	}
	if err := i.extensions(p, &seen); err != nil {
		return err
	}
	if err := facts.Inspected.Set(r, seen); err != nil {
		return err
	}
	r.Summary("Directus %s · %s", seen.Installed, seen.Vendor)
	return nil
}

func (i Inspect) server(ctx context.Context, p *project.Project, seen *facts.Inspection) {
	found := i.Site.Service().Found
	running, err := found.Running(ctx)
	seen.Server = facts.Server{Kind: string(found.Kind), Description: Describe(found), Running: err == nil && len(running) > 0}
	seen.Node = found.NodeVersion
	if seen.Server.Running && RunsInstalledCode(p, running) {
		seen.Running = p.Installed
	}
}

func (i Inspect) database(ctx context.Context, r *steps.Run, p *project.Project, seen *facts.Inspection) error {
	config := p.Config.Database()
	seen.Identity.Vendor, _ = config.Vendor()
	seen.Vendor, seen.Database = VendorTitle(seen.Identity.Vendor, ""), config.Place()
	db, err := i.Site.Database(ctx, p, connect.ReadOnly)
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // read only
	if seen.Identity, err = db.Identity(ctx); err != nil {
		return err
	}
	seen.Vendor, seen.ServerVersion = VendorTitle(db.Vendor(), seen.Identity.ServerVersion), shortVersion(seen.Identity.ServerVersion)
	if db.Vendor() == database.SQLite {
		seen.Database = seen.Identity.Name // without links
	}
	if seen.DatabaseBytes, err = db.Size(ctx); err != nil {
		return err
	}
	if err := IsDirectus(ctx, db); err != nil {
		return err
	}
	if seen.Recorded, err = directus.Recorded(ctx, db); err != nil {
		return err
	}
	half, err := i.halfDone(ctx, r, p, db, seen)
	if err != nil {
		return err
	}
	if seen.Users, _, err = directus.Users(ctx, db); err != nil && (len(half) == 0 || ctx.Err() != nil) {
		return err
	}
	usage, err := directus.ReadUsage(ctx, db, nil)
	if err != nil && (len(half) == 0 || ctx.Err() != nil) {
		return err
	}
	seen.Collections = len(usage.Collections)
	r.Output(fmt.Sprintf("%s %s: %d migrations recorded, %d users, %d collections",
		seen.Vendor, seen.ServerVersion, len(seen.Recorded), seen.Users, seen.Collections))
	return nil
}

// halfDone looks for migrations that stopped half-way.
func (i Inspect) halfDone(ctx context.Context, r *steps.Run, p *project.Project, db database.Database, seen *facts.Inspection) ([]advisory.HalfDoneMigration, error) {
	half, err := HalfDone(ctx, db, seen.Recorded, nil)
	if err != nil || len(half) == 0 {
		return nil, err
	}
	// Which backup leads back is only of use now, and its folder may not be
	// readable.
	if backups, err := i.Site.Backups(p); err == nil {
		if half, err = HalfDone(ctx, db, seen.Recorded, backups); err != nil {
			return nil, err
		}
	}
	for _, one := range half {
		r.Output("half-migrated: " + one.What + "; way out: " + one.WayOut)
	}
	seen.HalfDone = half
	return half, nil
}

// IsDirectus says clearly when a database is not one of Directus 9 or newer:
// starting newer code on it would install an empty project (IN1).
func IsDirectus(ctx context.Context, db database.Database) error {
	tables, err := db.Tables(ctx)
	if err != nil {
		return err
	}
	has := map[string]bool{}
	for _, t := range tables {
		has[t] = true
	}
	for _, need := range []string{"directus_migrations", "directus_collections", "directus_users", "directus_settings"} {
		if !has[need] {
			err := fault.Newf("this database is not that of a Directus project: it has no table %s (%d tables in all)", need, len(tables))
			return err.WithHint("check DB_FILENAME, DB_HOST and DB_DATABASE in the project's configuration")
		}
	}
	return nil
}

func (i Inspect) extensions(p *project.Project, seen *facts.Inspection) error {
	found, err := directus.ListExtensions(p.Config.ExtensionsPath(), p.Root)
	if err != nil {
		return err
	}
	for _, e := range found {
		seen.Extensions = append(seen.Extensions, facts.Extension{
			Name: e.Name, Type: e.Type, Version: e.Version, Host: e.Host, Problem: e.Problem,
			Source: string(e.Source), Folder: e.Folder, Entries: e.Entries, Sandboxed: e.Sandboxed,
		})
	}
	custom, err := directus.CustomMigrations(p.Config.MigrationsPath(p.Installed))
	if err != nil {
		return err
	}
	for _, m := range custom {
		seen.CustomMigrated = append(seen.CustomMigrated, m.ID+"-"+m.Name)
	}
	return nil
}

// shortVersion leaves out what a distribution adds to a server's version.
func shortVersion(version string) string {
	version, _, _ = strings.Cut(version, " ")
	return version
}

// VendorTitle is a vendor's name as people write it. The server's version,
// where it is known, tells MariaDB from MySQL.
func VendorTitle(v database.Vendor, version string) string {
	switch v {
	case database.SQLite:
		return "SQLite"
	case database.Postgres:
		return "PostgreSQL"
	case database.MySQL:
		switch {
		case version == "":
			return "MySQL or MariaDB"
		case strings.Contains(version, "MariaDB"):
			return "MariaDB"
		}
		return "MySQL"
	case database.MSSQL, database.Oracle, database.CockroachDB, database.Redshift:
	}
	return string(v)
}

// Writable asks the kernel whether files can be made in a folder, and makes
// none: before there is a backup nothing of the project is written (S1).
func Writable(dir string) error {
	if err := unix.Access(dir, unix.W_OK|unix.X_OK); err != nil {
		return fault.Wrap(err, "writing in "+dir, "bunnyhop installs beside the project and must be able to write in its folder")
	}
	return nil
}
