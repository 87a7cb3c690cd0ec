package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"

	"bunnyhop/internal/backup"
	"bunnyhop/internal/database"
	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
	"bunnyhop/steps/site"
)

// ProveAgain restores the database of a backup, however old, into a scratch
// database, compares the two, and records the result in the backup. The
// caller keeps runs on the project away.
func ProveAgain(ctx context.Context, s *site.Site, dir string, report progress.Reporter) (*backup.Verification, error) {
	m, err := backup.Read(dir)
	if err != nil {
		return nil, err
	}
	scratch, err := scratchFor(ctx, s, m)
	if err != nil {
		return nil, err
	}
	return backup.Prove(ctx, dir, scratch, report)
}

// scratchFor is the place of a copy that belongs to no run. It is the same
// whenever this backup is proved again here, so that the next proof drops what
// one left that was killed.
func scratchFor(ctx context.Context, s *site.Site, m *backup.Manifest) (connect.Scratch, error) {
	host, err := os.Hostname()
	if err != nil {
		return connect.Scratch{}, fmt.Errorf("reading the host name: %w", err)
	}
	sum := sha256.Sum256([]byte(host + "\x00" + m.Dir))
	name := "verify-" + hex.EncodeToString(sum[:6])
	scratch := connect.Scratch{
		Dir: filepath.Join(filepath.Dir(m.Dir), ".scratch-"+name), Name: database.ScratchName(name, "prove"),
	}
	if m.Vendor == database.SQLite {
		// A file needs no server, so it needs no project either.
		scratch.Config = database.Config{Client: "sqlite3"}
		return scratch, backup.Need(filepath.Dir(m.Dir), m.Part(backup.Database).Bytes)
	}
	p, _, err := s.Look(ctx)
	if err != nil {
		return scratch, fault.Wrap(err, fmt.Sprintf("the backup %s is of %s, and a test restore needs the server that the project's configuration names", m.ID, m.Vendor),
			"put the project's configuration right, or name a project that has such a server with --project DIR")
	}
	scratch.Config, err = site.ScratchServer(p)
	return scratch, err
}
