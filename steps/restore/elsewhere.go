package restore

import (
	"context"
	"fmt"
	"net"

	backups "bunnyhop/internal/backup"
	"bunnyhop/internal/database"
	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
	"bunnyhop/steps/site"
)

// Elsewhere is a backup's database that is going to be restored into another
// database than the project's own: on a new server, under another role, under
// another name. It is no run, for nothing of the project is touched.
type Elsewhere struct {
	Backup *backups.Manifest
	Target database.Config
	// Exists is set when there is such a database, Tables is how many it has:
	// they are replaced and not saved.
	Exists bool
	Tables int

	dump string
}

// LookElsewhere reads the whole backup in dir, and looks at the target. It
// changes neither, and refuses the project's own live database.
func LookElsewhere(ctx context.Context, s *site.Site, dir string, target database.Config, report progress.Reporter) (*Elsewhere, error) {
	m, err := backups.Read(dir)
	if err != nil {
		return nil, err
	}
	e := &Elsewhere{Backup: m, Target: target}
	if e.dump, err = m.DatabaseFile(dir); err != nil {
		return nil, err
	}
	if vendor, _ := target.Vendor(); vendor != m.Vendor {
		return nil, fault.Newf("the backup %s is of %s, and %s is of another kind", m.ID, site.VendorTitle(m.Vendor, m.ServerVersion), target.Place()).
			WithHint("a backup goes back into a database of the same kind").WithCode(fault.Usage)
	}
	if err := notOwn(ctx, s, target); err != nil {
		return nil, err
	}
	if e.Exists, e.Tables, err = connect.Look(ctx, target); err != nil {
		return nil, fault.Wrap(err, "the database to restore into cannot be looked at", "")
	}
	if err := backups.Verify(ctx, dir, report); err != nil {
		return nil, backups.Unprove(dir, err)
	}
	return e, nil
}

// notOwn refuses the database that the project uses now: putting a backup back
// there takes a stopped server and a saved present state.
func notOwn(ctx context.Context, s *site.Site, target database.Config) error {
	p, _, err := s.Look(ctx)
	if err != nil {
		// No project here, or one whose configuration is damaged: then it uses
		// none that could be told.
		return ctx.Err()
	}
	own := p.Config.Database()
	vendor, _ := target.Vendor()
	if ownVendor, _ := own.Vendor(); ownVendor != vendor {
		return nil
	}
	refused := fault.Newf("%s is the database that the project uses now", target.Place()).
		WithHint("`bunnyhop restore BACKUP` without --as puts the backup back there, with the server stopped and the present state saved").WithCode(fault.Blocked)
	refused.State = "nothing was changed"
	if samePlace(own, target, vendor) {
		return refused
	}
	live, err := identity(ctx, own)
	if err != nil {
		return ctx.Err() // by its address it is another one, and it cannot be asked
	}
	there, err := identity(ctx, target)
	if err == nil && live.SystemID == there.SystemID && live.Name == there.Name {
		return refused
	}
	return ctx.Err()
}

// samePlace compares by address: localhost and 127.0.0.1 are one.
func samePlace(a, b database.Config, vendor database.Vendor) bool {
	if vendor == database.SQLite {
		return a.Filename == b.Filename // links are told by the identity
	}
	usual := map[database.Vendor]string{database.Postgres: "5432", database.MySQL: "3306"}[vendor]
	return host(a) == host(b) && a.PortOr(usual) == b.PortOr(usual) && a.Name == b.Name
}

func host(c database.Config) string {
	if ip := net.ParseIP(c.Host); c.Local() && !c.IsSocket() || ip != nil && ip.IsLoopback() {
		return "localhost"
	}
	return c.Host
}

func identity(ctx context.Context, config database.Config) (database.Identity, error) {
	db, err := connect.Open(ctx, config, connect.ReadOnly)
	if err != nil {
		return database.Identity{}, err
	}
	defer db.Close() //nolint:errcheck // read only
	return db.Identity(ctx)
}

// Restore restores into the target and compares every table with the backup.
// What the target holds has to have been agreed to.
func (e *Elsewhere) Restore(ctx context.Context, report progress.Reporter) error {
	// Somebody may have filled it since it was looked at.
	exists, tables, err := connect.Look(ctx, e.Target)
	if err != nil {
		return err
	}
	if tables != e.Tables || exists != e.Exists {
		changed := fault.Newf("%s is not as it was when it was looked at: %d tables, and %d before", e.Target.Place(), tables, e.Tables).
			WithHint("look what uses it, then restore again")
		changed.State = "nothing was changed"
		return changed
	}
	if err := connect.Restore(ctx, e.Target, e.dump, report); err != nil {
		return err
	}
	db, err := connect.Open(ctx, e.Target, connect.ReadOnly)
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // read only
	now, err := db.Fingerprint(ctx, nil, report)
	if err != nil {
		return err
	}
	if differences := e.Backup.Fingerprint.Diff(now, nil); len(differences) > 0 {
		return fault.Newf("the restored database differs from its backup: %s", differences[0]).
			WithHint("do not use %s; the backup is intact and stays at %s", e.Target.Place(), e.Backup.Dir)
	}
	return nil
}

// Lines are the environment lines that lead a project to the target, without
// the password.
func (e *Elsewhere) Lines() []string {
	c := e.Target
	lines := []string{"DB_CLIENT=" + c.Client}
	if c.Filename != "" {
		return append(lines, "DB_FILENAME="+c.Filename)
	}
	if vendor, _ := c.Vendor(); vendor == database.MySQL && c.IsSocket() {
		lines = append(lines, "DB_SOCKET_PATH="+c.Host)
	} else {
		lines = append(lines, "DB_HOST="+c.Host, "DB_PORT="+c.Port)
	}
	lines = append(lines, "DB_DATABASE="+c.Name, "DB_USER="+c.User, "DB_PASSWORD=the password of "+c.User)
	if c.TLS != nil {
		lines = append(lines, fmt.Sprintf("DB_SSL__REJECT_UNAUTHORIZED=%t", c.TLS.Verify))
	}
	return lines
}
