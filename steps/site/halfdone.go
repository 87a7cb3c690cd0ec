package site

import (
	"context"

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/database"
	"bunnyhop/internal/systemschema"
)

// HalfDone says which migrations of a database are half-way; nothing for a
// whole one. Such a database is of no version: what is counted in it may fail.
func HalfDone(ctx context.Context, db database.Database, recorded []string) ([]string, error) {
	tables, err := systemschema.Read(ctx, db)
	if err != nil {
		return nil, err
	}
	return advisory.HalfDone(ctx, advisory.Input{Vendor: string(db.Vendor()), DB: db, Recorded: recorded, System: tables})
}
