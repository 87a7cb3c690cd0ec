package introspect

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/database/postgrestest"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/schema/schematest"
	"bunnyhop/internal/schema/snapshot"
)

func open(t *testing.T, config database.Config) database.Database {
	t.Helper()
	db, err := connect.Open(context.Background(), config, connect.ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func read(t *testing.T, db database.Database, options Options) *snapshot.Snapshot {
	t.Helper()
	s, err := Read(context.Background(), db, options)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func find(s *snapshot.Snapshot, collection, field string) *snapshot.Field {
	for i, f := range s.Fields {
		if f.Collection == collection && f.Field == field {
			return &s.Fields[i]
		}
	}
	return nil
}

// TestPostGIS has the names that PostGIS would have, without PostGIS.
func TestPostGIS(t *testing.T) {
	config := schematest.Fresh("12.4.0", database.Postgres).Config(t)
	postgrestest.Exec(t, config,
		"CREATE FUNCTION postgis_version() RETURNS text LANGUAGE sql AS 'SELECT ''3.3'''",
		"CREATE VIEW geometry_columns AS SELECT 'public'::text f_table_schema, 'types'::text f_table_name, 'text'::text f_geometry_column, 'POLYGON'::text AS type",
		"CREATE VIEW geography_columns AS SELECT 'elsewhere'::text f_table_schema, 'types'::text f_table_name, 'string'::text f_geography_column, 'POINT'::text AS type",
		"UPDATE directus_fields SET special = 'geometry.Polygon' WHERE collection = 'types' AND field = 'text'",
	)
	s := read(t, open(t, config), Options{Version: "12.4.0"})
	for _, want := range [][3]string{{"types", "text", "geometry.Polygon"}, {"types", "string", "string"}, {"made_by_hand", "r", "unknown"}} {
		if f := find(s, want[0], want[1]); f == nil || f.Type != want[2] {
			t.Errorf("%s.%s is %+v, not %s", want[0], want[1], f, want[2])
		}
	}
	if data := find(s, "types", "text").Schema["data_type"]; data != "POLYGON" {
		t.Errorf("its data type is %v", data)
	}
}

func TestSearchPath(t *testing.T) {
	config := schematest.Fresh("10.13.4", database.Postgres).Config(t)
	s := read(t, open(t, config), Options{Version: "10.13.4", SearchPath: []string{"public", "elsewhere"}})
	if f := find(s, "posts", "other"); f == nil || f.Meta != nil || f.Schema["is_unique"] != true {
		t.Errorf("a column of the second schema is %+v", f)
	}
}

func TestExcludeTables(t *testing.T) {
	db := open(t, schematest.Fresh("11.17.4", database.SQLite).Config(t))
	s := read(t, db, Options{Version: "11.17.4", ExcludeTables: []string{"posts"}})
	if find(s, "posts", "id") != nil || find(s, "pages", "id") == nil {
		t.Error("posts has fields, or pages has none")
	}
	if slices.ContainsFunc(s.Collections, func(c snapshot.Collection) bool { return c.Collection == "posts" }) {
		t.Error("posts is a collection")
	}
}

// TestOtherVersion reads a database as a version that does not run on it.
func TestOtherVersion(t *testing.T) {
	db := open(t, schematest.Fresh("10.13.4", database.SQLite).Config(t))
	old, later := read(t, db, Options{Version: "10.8.3"}), read(t, db, Options{Version: "12.4.0"})
	var names []string
	for _, f := range old.Fields {
		if f.Collection == "tags" {
			names = append(names, f.Field)
		}
	}
	if diff := cmp.Diff([]string{"id", "name", "posts"}, names); diff != "" {
		t.Error("10.8.3 orders by name (-want +got)\n" + diff)
	}
	if old.SystemFields != nil || later.SystemFields == nil {
		t.Errorf("system fields: %v, %v", old.SystemFields, later.SystemFields)
	}
	if f := find(later, "posts", "title"); f.Schema["is_indexed"] != true {
		t.Errorf("posts.title is %+v", f.Schema)
	}
	if find(later, "posts", "untracked_column") != nil || find(old, "posts", "untracked_column") == nil {
		t.Error("what is not tracked belongs to the older version only")
	}
}

func TestReadFaults(t *testing.T) {
	ctx := context.Background()
	db := open(t, schematest.Fresh("12.4.0", database.SQLite).Config(t))
	var said *fault.Error
	for _, version := range []string{"", "11", "latest", "v12.4.0"} {
		if _, err := Read(ctx, db, Options{Version: version}); !errors.As(err, &said) {
			t.Errorf("version %q: %v", version, err)
		}
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := Read(ended, db, Options{Version: "12.4.0"}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := Read(ctx, open(t, postgrestest.Start(t)), Options{Version: "12.4.0"}); !errors.As(err, &said) || said.Hint == "" {
		t.Errorf("no tables of Directus: %v", err)
	}
}
