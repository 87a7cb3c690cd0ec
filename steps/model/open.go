package model

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"bunnyhop/internal/database"
	dbconnect "bunnyhop/internal/database/connect"
	"bunnyhop/internal/directus"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/project"
	"bunnyhop/internal/schema/introspect"
	"bunnyhop/internal/schema/snapshot"
	"bunnyhop/steps"
	"bunnyhop/steps/site"
)

// Opened is a data model that was read, and what can be asked about its data.
type Opened struct {
	Source   Source
	Snapshot *snapshot.Snapshot
	// Project and Database are those of a project, Client that of a server.
	Project  *project.Project
	Database database.Database // read only
	Client   *directus.Client

	serverVersion string
}

// Open reads a data model for a run. What is secret about it is hidden from
// the run. The caller closes what is opened.
func Open(ctx context.Context, r *steps.Run, s Source, role Role, environ []string) (*Opened, error) {
	switch s.Kind {
	case Project:
		return openProject(ctx, r, s, environ)
	case Server:
		return openServer(ctx, r, s, role, environ)
	case Snapshot:
		read, err := snapshot.Open(s.Place)
		if err != nil {
			return nil, err
		}
		return &Opened{Source: s, Snapshot: read}, nil
	}
	return nil, fmt.Errorf("there is no kind of data model %q", s.Kind)
}

func openProject(ctx context.Context, r *steps.Run, s Source, environ []string) (*Opened, error) {
	own := site.New(site.Options{Root: s.Place, Environ: environ})
	p, _, err := own.Look(ctx)
	if p != nil && p.Config != nil {
		r.HideSecrets(p.Config.Secrets())
	}
	if err != nil {
		return nil, err
	}
	if p.Installed == "" {
		return nil, fault.Newf("Directus is declared in the package.json of %s but not installed in node_modules", s.Place).
			WithHint("its version says how the data model is to be read; install it, with the project's own package manager")
	}
	db, err := own.Database(ctx, p, dbconnect.ReadOnly)
	if err != nil {
		return nil, err
	}
	read, err := ReadDatabase(ctx, p, db, p.Installed)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	identity, err := db.Identity(ctx)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &Opened{Source: s, Snapshot: read, Project: p, Database: db, serverVersion: identity.ServerVersion}, nil
}

// ReadDatabase reads the data model of a project's database as a version of
// Directus would describe it.
func ReadDatabase(ctx context.Context, p *project.Project, db database.Database, version string) (*snapshot.Snapshot, error) {
	if err := site.IsDirectus(ctx, db); err != nil {
		return nil, err
	}
	options := introspect.Options{Version: version, SearchPath: p.Config.Database().SearchPath}
	if excluded, ok := p.Config.Lookup("DB_EXCLUDE_TABLES"); ok {
		options.ExcludeTables = strings.FieldsFunc(excluded, func(c rune) bool { return c == ',' || c == ' ' })
		if options.ExcludeTables == nil {
			options.ExcludeTables = []string{}
		}
	}
	return introspect.Read(ctx, db, options)
}

func openServer(ctx context.Context, r *steps.Run, s Source, role Role, environ []string) (*Opened, error) {
	credentials := CredentialsOf(environ, role)
	r.HideSecrets(credentials.Secrets())
	client, err := connect(ctx, s.Place, credentials)
	if err != nil {
		return nil, err
	}
	client.Busy = r.Output
	read, err := snapshot.Fetch(ctx, client)
	if err != nil {
		var answer *directus.APIError
		if errors.As(err, &answer) {
			return nil, refused(err, s.Place)
		}
		return nil, err
	}
	return &Opened{Source: s, Snapshot: read, Client: client}, nil
}

// Close closes what was opened.
func (o *Opened) Close() error {
	if o.Database != nil {
		return o.Database.Close()
	}
	return nil
}

// Describe is the model in a few words: what it is, whose it is, on what.
func (o *Opened) Describe() string {
	parts := []string{o.Source.Name(), "Directus " + o.Snapshot.Directus}
	if o.Snapshot.Vendor != "" {
		parts = append(parts, site.VendorTitle(database.Vendor(o.Snapshot.Vendor), o.serverVersion))
	}
	return strings.Join(parts, " · ")
}
