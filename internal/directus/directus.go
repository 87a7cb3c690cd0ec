// Package directus is what bunnyhop knows of Directus: its migrations and
// system tables, how its database says who may do what, its command line, its
// REST interface, and how to run it without side effects.
package directus

import (
	"context"
	"database/sql"
)

// Database is the part of database.Database that this package needs. The
// statements sent through it are plain SQL that every vendor understands:
// identifiers are quoted, no parameters, no vendor's functions.
type Database interface {
	SQL() *sql.DB
	// Quote quotes an identifier by the vendor's rules.
	Quote(name string) string
	// Tables lists the tables of the schema in use, without views.
	Tables(ctx context.Context) ([]string, error)
}
