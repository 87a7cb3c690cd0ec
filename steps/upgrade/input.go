package upgrade

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/database"
	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/directus"
	"bunnyhop/internal/node"
	"bunnyhop/internal/project"
	"bunnyhop/internal/systemschema"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/site"
)

// input gathers what the rules look at. An empty to gathers it for choosing a
// version. The caller calls done when it has asked the rules.
func input(ctx context.Context, r *steps.Run, s *site.Site, to string) (in advisory.Input, done func(), err error) {
	p, err := s.Open(ctx, r)
	if err != nil {
		return in, nil, err
	}
	seen, err := facts.Inspected.Need(r)
	if err != nil {
		return in, nil, err
	}
	db, err := s.Database(ctx, p, connect.ReadOnly)
	if err != nil {
		return in, nil, err
	}
	done = func() { _ = db.Close() }
	in, err = Gather(ctx, p, db, to)
	if err != nil {
		done()
		return in, nil, err
	}
	in.NodeFound = seen.Node
	in.Connection.OwnPorts = ownPorts(ctx, s, p)
	if to != "" { // which backup leads back matters to a check only
		if in.Backups, err = s.Backups(p); err != nil {
			done()
			return in, nil, err
		}
	}
	in.ExternalStorage = nil
	for _, location := range seen.Storage {
		if location.External {
			in.ExternalStorage = append(in.ExternalStorage,
				fmt.Sprintf("%s: driver %s, %d files in directus_files", location.Name, location.Driver, location.Rows))
		}
	}
	return in, done, nil
}

// Gather reads what the rules look at from a project and its database.
func Gather(ctx context.Context, p *project.Project, db database.Database, to string) (advisory.Input, error) {
	in := advisory.Input{
		From: p.Installed, To: to, Vendor: string(db.Vendor()), DB: db, Config: p.Config,
		ExtensionsPath: p.Config.ExtensionsPath(), Connection: connection(p), Root: p.Root, ConfigFile: p.Config.Path,
	}
	var err error
	if err := gatherMigrations(ctx, p, db, &in); err != nil {
		return in, err
	}
	if in.Usage, err = directus.ReadUsage(ctx, db, strings.Split(p.Config.Get("DB_EXCLUDE_TABLES"), ",")); err != nil {
		// Of a half-migrated database nothing can be counted, which its blocker
		// tells. Anything else is a fault.
		if half, unknown := site.HalfDone(ctx, db, in.Recorded, nil); unknown != nil || len(half) == 0 || ctx.Err() != nil {
			return in, err
		}
		in.Usage = directus.Usage{}
	}
	if in.Extensions, err = directus.ListExtensions(p.Config.ExtensionsPath(), p.Root); err != nil {
		return in, err
	}
	for _, s := range p.Config.Storage() {
		if s.External {
			in.ExternalStorage = append(in.ExternalStorage, s.Name)
		}
	}
	in.Files = probeFiles(p.Root)
	return in, nil
}

func gatherMigrations(ctx context.Context, p *project.Project, db database.Database, in *advisory.Input) error {
	shipped, err := directus.Shipped(p.Root)
	if err != nil {
		return err
	}
	custom, err := directus.CustomMigrations(p.Config.MigrationsPath(p.Installed))
	if err != nil {
		return err
	}
	recorded, err := directus.Recorded(ctx, db)
	if err != nil {
		return err
	}
	tables, err := db.Tables(ctx)
	if err != nil {
		return err
	}
	in.Recorded = recorded
	in.Newer = directus.NewerThanCode(recorded, shipped, custom, tables, p.Installed)
	if in.To == "" {
		return nil
	}
	in.NodeMajors = node.Majors(in.To)
	if in.System, err = systemschema.Read(ctx, db); err != nil {
		return err
	}
	if in.Pending, err = advisory.PendingFor(in.To, custom, recorded); err != nil {
		return err
	}
	in.Collisions = directus.Collisions(directus.Catalogue(), custom)
	return nil
}

// probeFiles reads the files in which the address of a health probe may stand.
func probeFiles(root string) map[string]string {
	files := map[string]string{}
	for _, name := range []string{
		"package.json", "Dockerfile", "docker-compose.yml", "docker-compose.yaml", "compose.yml", "compose.yaml",
		"ecosystem.config.js", "ecosystem.config.cjs",
	} {
		if data, err := os.ReadFile(filepath.Join(root, name)); err == nil { //nolint:gosec // fixed names in the project
			files[name] = string(data)
		}
	}
	return files
}
