package postgres

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/postgrestest"
)

func TestTables(t *testing.T) {
	admin := postgrestest.Start(t)
	config := postgrestest.User(t, admin)
	newsroom(t, config)
	db := open(t, config, database.ReadOnly)
	got, err := db.Tables(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"authors", "directus_migrations", "events", "events_2023", "events_2024", "nothing", "numbered", "other one.authors", "posts", `weird "name"`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, name := range want {
		schema, err := db.Schema(context.Background(), name)
		if err != nil {
			t.Error(err)
		}
		t.Logf("%s: %+v", name, schema)
	}
	f := fingerprintOf(t, config)
	t.Logf("%+v", f)
}
