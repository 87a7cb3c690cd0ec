package postgres

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/postgrestest"
)

func TestTables(t *testing.T) {
	ctx := context.Background()
	config := postgrestest.User(t, postgrestest.Start(t))
	newsroom(t, config)
	db := open(t, config, database.ReadOnly)
	got, err := db.Tables(ctx)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"authors", "directus_migrations", "events", "events_2023", "events_2024", "nothing", "numbered", "other one.authors", "posts", `weird "name"`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	_, err = db.Schema(ctx, "none")
	contains(t, err, `there is no table "none"`)
	schema, err := db.Schema(ctx, "authors")
	if err != nil {
		t.Fatal(err)
	}
	literals := "(ARRAY[('draft'::character varying)::text, ('published'::character varying)::text"
	wantSchema := database.TableSchema{
		Columns: []database.Column{
			{Name: "id", Type: "integer", NotNull: true, Default: "nextval('public.authors_id_seq'::regclass)", PrimaryKey: 1},
			{Name: "name", Type: "character varying(255)"},
			{Name: "email", Type: "public.citext"},
			{Name: "born", Type: "timestamp with time zone"},
			{Name: "active", Type: "boolean", Default: "true"},
			{Name: "status", Type: "character varying(20)", Default: "'draft'::character varying"},
			{Name: "tags", Type: "text[]"},
			{Name: "feelings", Type: "public.mood[]"},
			{Name: "feeling", Type: "public.mood"},
		},
		Indexes: []string{"CREATE INDEX posts_status ON public.authors USING btree (name) WHERE ((status)::text = ANY " + literals + "]))"},
		Constraints: []string{
			"CONSTRAINT authors_email_key UNIQUE (email)",
			"CONSTRAINT authors_pkey PRIMARY KEY (id)",
			"CONSTRAINT authors_status_check CHECK (((status)::text = ANY " + literals + ", ('it''s, (odd)'::character varying)::text])))",
		},
	}
	if diff := cmp.Diff(wantSchema, schema); diff != "" {
		t.Error(diff)
	}
}

func TestSupportedServers(t *testing.T) {
	if err := supported("PostgreSQL 15.18 on x86_64", version{150018, "15.18"}); err != nil {
		t.Error(err)
	}
	contains(t, supported("CockroachDB CCL v23.1.0 (x86_64-linux)", version{130000, "13.0.0"}), "not PostgreSQL but CockroachDB CCL v23.1.0")
	contains(t, supported("PostgreSQL 9.6.24 on x86_64", version{90624, "9.6.24"}), "PostgreSQL 9.6.24, which is too old")
}
