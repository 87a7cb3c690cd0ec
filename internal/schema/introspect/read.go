// Package introspect reads from a project's database alone, without a server,
// the snapshot that Directus would give of it. Directus describes the same
// database differently from version to version, so it is told which one.
package introspect

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"bunnyhop/internal/database"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/schema/snapshot"
)

// Options say for which Directus a database is read.
type Options struct {
	// Version is the exact version that describes it ("11.17.4"). Required.
	Version string
	// ExcludeTables is DB_EXCLUDE_TABLES; nil is Directus' own default.
	ExcludeTables []string
	// SearchPath is DB_SEARCH_PATH, of PostgreSQL only; empty is "public".
	SearchPath []string
}

// defaultExcluded is what Directus leaves out unless it is told otherwise
// (@directus/env 10.13.4 to 12.4.0, DB_EXCLUDE_TABLES).
var defaultExcluded = []string{"spatial_ref_sys", "sysdiagrams"}

// Read reads a snapshot, in one transaction (@directus/api 10.13.4 and
// 11.17.4, dist/utils/get-snapshot.js; 12.4.0,
// dist/utils/schema/get-snapshot.js).
func Read(ctx context.Context, db database.Database, options Options) (*snapshot.Snapshot, error) {
	features, err := snapshot.FeaturesOf(options.Version)
	if err != nil {
		return nil, err
	}
	if options.ExcludeTables == nil {
		options.ExcludeTables = defaultExcluded
	}
	tx, err := db.SQL().BeginTx(ctx, transaction(db.Vendor()))
	if err != nil {
		return nil, fmt.Errorf("reading the data model: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // nothing was written
	c, err := readCatalogue(ctx, tx, db.Vendor(), options, features)
	if err != nil {
		return nil, fmt.Errorf("reading the database's tables and columns: %w", err)
	}
	m, err := readMeta(ctx, tx, db)
	if err != nil {
		return nil, fault.Wrap(err, "Directus' own description of the data model cannot be read",
			"the database must be one that Directus has set up")
	}
	b := builder{catalogue: c, meta: m, vendor: db.Vendor(), features: features, options: options, older: older(options.Version)}
	return &snapshot.Snapshot{
		Version: 1, Directus: options.Version, Vendor: string(db.Vendor()),
		Collections: b.collections(), Fields: b.fields(), SystemFields: b.systemFields(), Relations: b.relations(),
	}, nil
}

func transaction(vendor database.Vendor) *sql.TxOptions {
	if vendor == database.SQLite {
		return nil // its driver knows no kinds of transaction
	}
	return &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead}
}

// builder puts together what the database and Directus' rows say.
type builder struct {
	*catalogue
	*meta
	vendor   database.Vendor
	features snapshot.Features
	older    bool // than the versions of which the system fields are known
	options  Options
}

func (b *builder) excluded(table string) bool { return slices.Contains(b.options.ExcludeTables, table) }
