package systemschema_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/database"
	"bunnyhop/internal/systemschema"
)

func TestNormalize(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		vendor database.Vendor
		schema database.TableSchema
		want   systemschema.Objects
	}{
		{
			name: "SQLite", vendor: database.SQLite,
			schema: database.TableSchema{
				Columns: []database.Column{
					{Name: "id", Type: "CHAR(36)", NotNull: true, PrimaryKey: 1},
					{Name: "email", Type: "varchar(128)", Default: "NULL"},
					{Name: "made", Type: "datetime", Default: "CURRENT_TIMESTAMP"},
				},
				Indexes:     []string{`UNIQUE INDEX "directus_users_email_unique" on directus_users ( email )`, `INDEX "odd name" on "directus_users" ( "made" DESC )`},
				Constraints: []string{`FOREIGN KEY ("role") REFERENCES "directus_roles" ("id") ON UPDATE NO ACTION ON DELETE SET NULL`, `UNIQUE ("token")`, "AUTOINCREMENT"},
			},
			want: systemschema.Objects{
				"table": "exists", "primary key": "(id)",
				"column id": "char(36) not null", "column email": "varchar(128)", "column made": "datetime default now",
				"index directus_users_email_unique": "unique (email)", "index odd name": "(made DESC)",
				"foreign key (role)": "to directus_roles (id) on delete set null", "unique (token)": "unique",
			},
		},
		{
			name: "PostgreSQL", vendor: database.Postgres,
			schema: database.TableSchema{
				Columns: []database.Column{
					{Name: "id", Type: "integer", NotNull: true, PrimaryKey: 1, Default: "nextval('public.directus_fields_id_seq'::regclass)"},
					{Name: "language", Type: `character varying(255) COLLATE pg_catalog."C"`, Default: "NULL::character varying"},
					{Name: "status", Type: "character varying(16)", NotNull: true, Default: "'active'::character varying"},
				},
				Indexes: []string{
					`CREATE INDEX directus_activity_timestamp_index ON public.directus_activity USING btree ("timestamp")`,
					`CREATE UNIQUE INDEX "odd name" ON "Else Where".directus_activity USING gin (x) WHERE (x IS NOT NULL)`,
				},
				Constraints: []string{
					"CONSTRAINT directus_fields_pkey PRIMARY KEY (id)", "CONSTRAINT directus_users_token_unique UNIQUE (token)",
					`CONSTRAINT directus_users_role_foreign FOREIGN KEY ("user") REFERENCES public.directus_roles(id) ON DELETE SET NULL`,
					`CONSTRAINT mine FOREIGN KEY (a) REFERENCES "Else Where"."Their Table"(b)`, "CONSTRAINT positive CHECK ((id > 0))",
				},
			},
			want: systemschema.Objects{
				"table": "exists", "primary key": "(id)",
				"column id": "integer not null numbered", "column language": "character varying(255)", "column status": "character varying(16) not null default",
				"index directus_activity_timestamp_index": "(timestamp)", "index odd name": "unique gin (x) WHERE (x IS NOT NULL)",
				"index directus_users_token_unique":       "unique (token)",
				"foreign key directus_users_role_foreign": "(user) to directus_roles (id) on delete set null", "foreign key mine": "(a) to Their Table (b)",
			},
		},
		{
			name: "MariaDB and MySQL", vendor: database.MySQL,
			schema: database.TableSchema{
				Columns: []database.Column{
					{Name: "id", Type: "int(10) unsigned", NotNull: true, PrimaryKey: 2, Default: "AUTO_INCREMENT"},
					{Name: "key", Type: "tinyint(1)", NotNull: true, PrimaryKey: 1, Default: "0"},
					{Name: "options", Type: "longtext COLLATE utf8mb4_bin"},
					{Name: "more", Type: "json"},
					{Name: "expires", Type: "timestamp", NotNull: true, Default: "current_timestamp() ON UPDATE current_timestamp()"},
					{Name: "made", Type: "timestamp", Default: "current_timestamp()"},
				},
				Indexes: []string{"KEY `directus_sessions_user_foreign` (`user`)", "UNIQUE KEY `directus_users_email_unique` (`email`)", "KEY `mine` (`a`,`b`(10))"},
				Constraints: []string{
					"CONSTRAINT `directus_sessions_user_foreign` FOREIGN KEY (`user`) REFERENCES `directus_users` (`id`) ON DELETE CASCADE ON UPDATE NO ACTION",
					"PRIMARY KEY (`key`,`id`)", "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci",
				},
			},
			want: systemschema.Objects{
				"table": "exists", "primary key": "(key, id)",
				"column id": "int unsigned not null numbered", "column key": "tinyint(1) not null default", "column options": "longtext", "column more": "longtext",
				"column expires": "timestamp not null", "column made": "timestamp default now",
				"index directus_users_email_unique": "unique (email)", "index mine": "(a,b(10))",
				"foreign key directus_sessions_user_foreign": "(user) to directus_users (id) on delete cascade",
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, systemschema.Normalize(c.vendor, c.schema)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
