// Package systemschema knows how the tables of Directus itself look after each
// of its migrations, and tells in what a database differs from that: somebody
// changed it by hand, restored a part of it, or an update stopped half-way.
//
// What it knows is a catalogue that cmd/mkcatalogue makes with real Directus
// versions, for each kind of database.
package systemschema

import (
	"context"
	"fmt"

	"bunnyhop/internal/database"
	"bunnyhop/internal/directus"
)

// Table is the name of the object that every table has: itself.
const Table = "table"

// Objects are the definitions of a table's parts by their names ("column
// email", "primary key", "foreign key directus_users_role_foreign", "index
// directus_users_email_unique"), in a form in which what makes no difference
// is left out. The table itself is one of them.
type Objects map[string]string

// Tables are the system tables of a database by their names.
type Tables map[string]Objects

// Read describes the system tables that a database has.
func Read(ctx context.Context, db database.Database) (Tables, error) {
	names, err := db.Tables(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing the tables: %w", err)
	}
	tables := Tables{}
	for _, name := range names {
		if !directus.SystemTable(name) {
			continue
		}
		schema, err := db.Schema(ctx, name)
		if err != nil {
			return nil, fmt.Errorf("reading the definition of %s: %w", name, err)
		}
		tables[name] = Normalize(db.Vendor(), schema)
	}
	return tables, nil
}
