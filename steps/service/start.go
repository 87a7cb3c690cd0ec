package service

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/directus"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/node"
	"bunnyhop/internal/server"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/site"
)

// ReadyWithin is how long a server may take to answer its first ping. Boots
// take seconds; a small machine that swaps may need a minute or two. Tests
// shorten it.
var ReadyWithin = 3 * time.Minute

// Start is the step that proves the database once more and starts the server
// on the new code.
type Start struct{ Site *site.Site }

// Check proves that the server answers and says the version.
func (s Start) Check(ctx context.Context, r *steps.Run) (steps.Proof, error) {
	started, ok := facts.Started.Get(r)
	if !ok {
		return steps.Unproved("the server was not started"), nil
	}
	version, err := Version(ctx, r, s.Site)
	if err != nil {
		return steps.Unproved("the server does not answer: %v", err), nil
	}
	if version != started.Version {
		return steps.Unproved("the server says that it is Directus %s", version), nil
	}
	return steps.Proved("Directus %s answers", version), nil
}

// Do proves the database, starts the server and waits for it.
func (s Start) Do(ctx context.Context, r *steps.Run) error {
	s.Site.Forget()
	if err := SameDatabase(ctx, r, s.Site); err != nil {
		return err
	}
	stage, err := facts.Staged.Need(r)
	if err != nil {
		return err
	}
	if err := Launch(ctx, r, s.Site, stage.LiveNodeBin(r.Root)); err != nil {
		return err
	}
	started := facts.Start{At: time.Now().UTC()}
	if stop, ok := facts.Stopping.Get(r); ok {
		started.DowntimeSeconds = started.At.Sub(stop.At).Seconds()
	}
	if started.Version, err = Version(ctx, r, s.Site); err != nil {
		return err
	}
	if started.Version != stage.Version {
		return fault.Newf("the server says that it is Directus %s, not %s", started.Version, stage.Version).
			WithHint("another copy of the code may be running; the stop and start commands may not be those of this project")
	}
	r.Summary("down for %.1f s", started.DowntimeSeconds)
	return facts.Started.Set(r, started)
}

// Undo stops the server.
func (s Start) Undo(ctx context.Context, r *steps.Run) error {
	if _, err := s.Site.Open(ctx, r); err != nil {
		return err
	}
	return s.Site.Service().Found.Stop(ctx, r)
}

// Retriable says that starting may be tried again: it changes no data.
func (Start) Retriable() bool { return true }

// SameDatabase proves, with the configuration that the new code will read,
// that it will open the database that was migrated (S2, IN1).
func SameDatabase(ctx context.Context, r *steps.Run, s *site.Site) error {
	seen, err := facts.Inspected.Need(r)
	if err != nil {
		return err
	}
	p, err := s.Open(ctx, r)
	if err != nil {
		return err
	}
	db, err := s.Database(ctx, p, connect.ReadOnly)
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // read only
	identity, err := db.Identity(ctx)
	if err != nil {
		return err
	}
	wrong := func(format string, args ...any) error {
		return fault.Newf("the new code would open another database: "+format, args...).
			WithHint("it is not started, since it would install an empty project there; compare the configuration with the one in the backup")
	}
	if identity.Vendor != seen.Identity.Vendor || identity.Host != seen.Identity.Host || identity.Name != seen.Identity.Name {
		return wrong("%s instead of %s", strings.TrimSpace(identity.Host+" "+identity.Name), strings.TrimSpace(seen.Identity.Host+" "+seen.Identity.Name))
	}
	recorded, err := directus.Recorded(ctx, db)
	if err != nil {
		return err
	}
	if migrated, ok := facts.Migrated.Get(r); ok && !slices.Equal(recorded, migrated.Recorded) {
		return wrong("it records %d migrations, and %d were recorded after migrating", len(recorded), len(migrated.Recorded))
	}
	users, _, err := directus.Users(ctx, db)
	if err != nil {
		return err
	}
	if users == 0 {
		return wrong("it has no users")
	}
	return nil
}

// Launch starts the server in the way it was found and waits for its ping.
// nodeBin is the folder of the Node to use; empty means as found.
func Launch(ctx context.Context, r *steps.Run, s *site.Site, nodeBin string) error {
	p, err := s.Open(ctx, r)
	if err != nil {
		return err
	}
	service := s.Service()
	running, err := service.Found.Running(ctx)
	if err != nil {
		return err
	}
	if len(running) == 0 {
		if err := server.PortFree(p.Config.Host(), p.Config.Port()); err != nil {
			return err
		}
	}
	program := service.Found.Node
	if nodeBin != "" {
		program = filepath.Join(nodeBin, "node")
	}
	if program == "" {
		runtime, err := s.Node(ctx, node.Majors(p.Installed), r)
		if err != nil {
			return err
		}
		program, nodeBin = runtime.Node, runtime.Bin
	}
	log := r.Path("server.log")
	began, err := service.Found.Start(ctx, server.StartOptions{
		NodeDir: nodeBin, Env: s.Environ(), LogFile: log,
		SelfCommand: []string{program, filepath.Join(p.Root, "node_modules", "directus", "cli.js"), "start"},
	}, r)
	if err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(ctx, ReadyWithin)
	defer stop()
	err = server.Ping(ctx, p.Config.PingURL(), service.Found.Watch(began, log), r)
	if err != nil {
		return fault.Wrap(err, "waiting for the server", "its output is in "+log)
	}
	return nil
}
